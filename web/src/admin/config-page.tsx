import { useQuery } from '@tanstack/react-query'
import type { ConfigItem } from '@yeoul/client'
import { useState } from 'react'
import { useWords } from '../i18n/index.ts'
import type { Language } from '../i18n/language.ts'
import { useClient } from '../session/client.ts'
import { Button } from '../ui/button.tsx'
import { Empty, Failed, SkeletonRows } from '../ui/states.tsx'
import { ConfigHistory } from './config-history.tsx'
import { grouped } from './option-groups.ts'
import { OptionRow } from './option-row.tsx'
import { aboutOf, nameOf } from './option-text.ts'
import { PageHead } from './page-head.tsx'
import { SearchBox } from './search-box.tsx'

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
        <SearchBox label={t('admin.config.search')} value={query} onChange={setQuery} />
        <Button look={setOnly ? 'primary' : 'quiet'} aria-pressed={setOnly} onClick={() => setSetOnly(!setOnly)}>
          {t('admin.config.setOnly')}
        </Button>
      </div>
      {config.isPending && <SkeletonRows count={6} label={t('ui.loading')} />}
      {config.isError && !data && <Failed error={config.error} onRetry={() => void config.refetch()} />}
      {shown?.length === 0 && (
        <Empty icon="search" title={query.trim() === '' ? t('admin.config.noneSet') : t('find.none', { query })} />
      )}
      {data &&
        grouped(shown ?? []).map(({ group, items }) => (
          <section key={group} className="mb-7">
            <h4 className="mb-2 text-[0.9375rem] font-bold text-soft">{t(`admin.group.${group}`)}</h4>
            <ul className="divide-y divide-line rounded-2xl border border-line bg-surface">
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

/** Every word of the search is somewhere in what is known of the option. */
function matches(item: ConfigItem, query: string, language: Language): boolean {
  const text = [item.key, item.env, nameOf(item.key, language), aboutOf(item, language)].join(' ').toLowerCase()
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word))
}
