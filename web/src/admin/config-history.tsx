import type { ConfigChange } from '@yeoul/client'
import { useMemo } from 'react'
import { useWords } from '../i18n/index.ts'
import { moment } from '../i18n/time.ts'
import { useNames } from '../people/users.ts'
import { useClient } from '../session/client.ts'
import { usePaged } from '../ui/paged.tsx'
import { nameOf, valueText } from './option-text.ts'
import { PagedList } from './paged-list.tsx'

/** Who changed what, and what it was before. */
export function ConfigHistory() {
  const { t } = useWords()
  const { api } = useClient()
  const history = usePaged(['admin', 'config-history'], (page) => api.admin.configHistory(page))
  const actors = useMemo(() => [...new Set(history.items.flatMap(({ actor }) => actor ?? []))], [history.items])
  const nameFor = useNames(actors)
  return (
    <section>
      <h4 className="mb-2 text-[0.9375rem] font-bold text-soft">{t('admin.history')}</h4>
      <PagedList
        list={history}
        label={t('admin.history')}
        empty={<p className="text-[0.875rem] text-faint">{t('admin.history.none')}</p>}
      >
        {(change) => (
          <Change
            key={change.version}
            change={change}
            by={change.actor === null ? t('admin.history.nobody') : nameFor(change.actor)}
          />
        )}
      </PagedList>
    </section>
  )
}

function Change({ change, by }: { change: ConfigChange; by: string }) {
  const { t, language } = useWords()
  return (
    <li className="px-4 py-3 wide:px-5">
      <p className="flex flex-wrap justify-between gap-x-4 text-[0.8125rem] text-faint">
        <span className="font-semibold text-soft">{by}</span>
        <time dateTime={new Date(change.at).toISOString()}>{moment(change.at, language)}</time>
      </p>
      <ul className="mt-1 space-y-0.5 text-[0.9375rem]">
        {Object.entries(change.changes).map(([key, { from, to }]) => (
          <li key={key}>
            {t('admin.history.change', {
              name: nameOf(key, language),
              from: valueText(key, from, t, language),
              to: to === null ? t('admin.history.start') : valueText(key, to, t, language),
            })}
          </li>
        ))}
      </ul>
    </li>
  )
}
