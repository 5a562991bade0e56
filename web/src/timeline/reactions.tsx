import type { Message, Reaction } from '@yeoul/client'
import { useWords } from '../i18n/index.ts'
import { useNames } from '../people/users.ts'
import { useMe } from '../session/client.ts'
import { notify } from '../ui/notice.tsx'
import { useListActions } from './context.ts'

export function Reactions({ message }: { message: Message }) {
  return (
    <div className="mt-1 flex flex-wrap gap-1 touch:gap-2 touch:pb-1">
      {message.reactions.map((reaction) => (
        <ReactionChip key={reaction.emoji} seq={message.seq} reaction={reaction} />
      ))}
    </div>
  )
}

const NAMED = 5

function ReactionChip({ seq, reaction }: { seq: number; reaction: Reaction }) {
  const { t } = useWords()
  const me = useMe()
  const react = useReact()
  const named = reaction.users.slice(0, NAMED)
  const name = useNames(named)
  const mine = reaction.users.includes(me)
  const names = named.map(name).join(', ')
  const more = reaction.count - named.length
  const told = { emoji: reaction.emoji, count: reaction.count, names }
  const label = more > 0 ? t('message.reaction.more', { ...told, more }) : t('message.reaction', told)
  return (
    <button
      type="button"
      aria-pressed={mine}
      aria-label={label}
      title={label}
      onClick={() => react(seq, reaction.emoji, !mine)}
      className="tap inline-flex h-7 items-center gap-1 rounded-full border border-transparent bg-surface px-2 text-[0.875rem] text-soft hover:border-accent aria-pressed:border-accent aria-pressed:bg-accent-soft aria-pressed:text-accent-deep touch:h-9 touch:px-2.5"
    >
      <span>{reaction.emoji}</span>
      <span className="text-[0.8125rem] font-semibold tabular-nums">{reaction.count}</span>
    </button>
  )
}

/** Reacts or takes back; says why when it is refused. */
export function useReact(): (seq: number, emoji: string, on: boolean) => void {
  const { timeline } = useListActions()
  const { problem } = useWords()
  return (seq, emoji, on) => void timeline.react(seq, emoji, on).catch((error) => notify(problem(error)))
}
