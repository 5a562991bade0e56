import { useQuery } from '@tanstack/react-query'
import type { ConfigItem } from '@yeoul/client'
import { useState } from 'react'
import { useWords } from '../i18n/index.ts'
import type { Language } from '../i18n/language.ts'
import { matchRank } from '../search/match.ts'
import { useClient } from '../session/client.ts'
import { Button } from '../ui/button.tsx'
import { SearchBox } from '../ui/search-box.tsx'
import { Empty, Failed, SkeletonRows } from '../ui/states.tsx'
import { ConfigHistory } from './config-history.tsx'
import { grouped } from './option-groups.ts'
import { OptionRow } from './option-row.tsx'
import { aboutOf, nameOf } from './option-text.ts'
import { PageHead } from './page-head.tsx'

/** Every option of the server: what is in force, where it came from, and changing it while the server runs. */
export function ConfigPage() {
  const { t, language } = useWords()
  const { api } = useClient()
  const [query, setQuery] = useState('')
  const [setOnly, setSetOnly] = useState(false)
  const [editing, setEditing] = useState<string | null>(null)
  const config = useQuery({ queryKey: ['admin', 'config'], queryFn: () => api.admin.config(), staleTime: 0 })
  const { data } = config
  const shown = data?.items.filter((item) => matches(item, query, language) && (!setOnly || item.source !== 'default'))
  return (
    <div className="max-w-[56rem]">
      <PageHead title={t('admin.page.config')} lead={t('admin.config.lead')} />
      <div className="mb-5 flex flex-wrap items-center gap-2">
        <SearchBox className="max-w-[28rem]" label={t('admin.config.search')} value={query} onChange={setQuery} />
        <Button look={setOnly ? 'primary' : 'quiet'} aria-pressed={setOnly} onClick={() => setSetOnly(!setOnly)}>
          {t('admin.config.setOnly')}
        </Button>
      </div>
      {config.isPending && <SkeletonRows count={6} label={t('ui.loading')} />}
      {config.isError && !data && <Failed error={config.error} onRetry={() => void config.refetch()} />}
      {shown?.length === 0 && (
        <Empty icon="search" title={query.trim() === '' ? t('admin.config.noneSet') : t('admin.none', { query })} />
      )}
      {data &&
        grouped(shown ?? []).map(({ group, items }) => (
          <section key={group} className="mb-7">
            <h4 className="mb-2 text-[0.9375rem] font-bold text-soft">{t(`admin.group.${group}`)}</h4>
            <ul className="card divide-y divide-line">
              {items.map((item) => (
                <OptionRow
                  key={item.key}
                  item={item}
                  version={data.version}
                  editing={editing === item.key}
                  onEdit={(on) => setEditing(on ? item.key : null)}
                />
              ))}
            </ul>
          </section>
        ))}
      {data && <ConfigHistory />}
    </div>
  )
}

/** Whether the words of a search are somewhere in what is known of the option. */
const matches = (item: ConfigItem, query: string, language: Language): boolean =>
  matchRank([nameOf(item.key, language), item.key, item.env, aboutOf(item, language)].join(' '), query) !== null
