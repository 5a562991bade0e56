import type { Member, Message, Timeline } from '@yeoul/client'
import { useWords } from '../i18n/index.ts'
import { Avatar } from '../people/avatar.tsx'
import { useName } from '../people/users.ts'
import { useLive, useMe } from '../session/client.ts'
import { Dialog } from '../ui/dialog.tsx'

interface ReadersProps {
  timeline: Timeline
  message: Message
  onClose(): void
}

/**
 * Who has read a message and who has not yet, as it changes. Who came into the room later is in neither list: to them it was
 * history. In a room that has grown too large meanwhile nobody knows any more.
 */
export function Readers({ timeline, message, onClose }: ReadersProps) {
  const { t } = useWords()
  const { members } = useLive(timeline.members)
  const known = timeline.unreadBy(message) !== null
  const others = members.filter(({ user, joinedAt }) => user !== message.sender && joinedAt <= message.at)
  const read = others.filter(({ readN }) => readN >= message.n)
  const unread = others.filter(({ readN }) => readN < message.n)
  return (
    <Dialog title={t('message.readers')} onClose={onClose}>
      {known ? (
        <div aria-live="polite" className="flex flex-col gap-4">
          {read.length > 0 && <People title={t('message.readers.read', { count: read.length })} people={read} />}
          {unread.length > 0 && (
            <People title={t('message.readers.unread', { count: unread.length })} people={unread} quiet />
          )}
          {unread.length === 0 && (
            <p className="text-[0.875rem] text-soft">
              {t(read.length === 0 ? 'message.readers.nobody' : 'message.readers.all')}
            </p>
          )}
        </div>
      ) : (
        <p className="text-[0.9375rem] text-soft">{t('message.readers.unknown')}</p>
      )}
    </Dialog>
  )
}

function People({ title, people, quiet = false }: { title: string; people: Member[]; quiet?: boolean }) {
  return (
    <section>
      <h3 className="text-[0.8125rem] font-semibold text-soft">{title}</h3>
      <ul aria-label={title} className={`mt-1 ${quiet ? 'text-soft' : ''}`}>
        {people.map((member) => (
          <Person key={member.user} member={member} />
        ))}
      </ul>
    </section>
  )
}

function Person({ member: { user, online } }: { member: Member }) {
  const { t } = useWords()
  const me = useMe()
  const name = useName(user)
  return (
    <li className="flex min-h-12 items-center gap-3">
      <Avatar id={user} name={name} size="small" online={online} />
      <span className="min-w-0 truncate font-medium">{name}</span>
      {user === me && <span className="shrink-0 text-[0.75rem] text-faint">{t('people.you')}</span>}
    </li>
  )
}
