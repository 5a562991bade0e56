import type { MemberRole } from '@yeoul/client'
import { useWords } from '../i18n/index.ts'

/** What somebody is in a room, beside the name; ordinary members have none. */
export function RoleSign({ role }: { role: MemberRole }) {
  const { t } = useWords()
  if (role === 'member') return null
  return (
    <span className="shrink-0 rounded-md bg-accent-soft px-1.5 text-[0.6875rem] font-semibold text-accent-deep">
      {t(`people.${role}`)}
    </span>
  )
}
