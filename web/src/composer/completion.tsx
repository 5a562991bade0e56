import { useQuery } from '@tanstack/react-query'
import type { Timeline } from '@yeoul/client'
import { type KeyboardEvent, type ReactNode, type RefObject, useMemo, useState } from 'react'
import { inTone, useEmojiChoices } from '../emoji/choices.ts'
import { useWords } from '../i18n/index.ts'
import { Avatar } from '../people/avatar.tsx'
import { OFFERED, usePeopleOffered } from './people-offered.ts'
import { codeAt, triggerAt } from './trigger.ts'
import { writeInto } from './write-into.ts'

const LIST_ID = 'completions'

interface Offer {
  key: string
  face: ReactNode
  label: string
  hint: string
  /** What is written instead of what was typed. */
  text: string
  /** What picking it means for later. */
  onPick?(): void
}

interface Completion {
  of: 'person' | 'emoji' | null
  offers: readonly Offer[]
  chosen: number
  pick(offer: Offer): void
  /** Whether the key was for the list. */
  onKeyDown(event: KeyboardEvent): boolean
  /** The text or the caret has changed. */
  onSelect(): void
  aria: Record<string, string | boolean | undefined>
}

/** Offers members while an @name is being written, and emoji while a :code is. */
export function useCompletion(
  timeline: Timeline,
  area: RefObject<HTMLTextAreaElement | null>,
  text: string,
): Completion {
  const [caret, setCaret] = useState(0)
  const [chosen, setChosen] = useState(0)
  const [dismissed, setDismissed] = useState(-1)
  const at = triggerAt(text, caret)
  const trigger = at?.from === dismissed ? null : at

  const people = usePeopleOffered(timeline, trigger?.of === 'person' ? trigger.name : null)
  const emoji = useEmojiOffered(trigger?.of === 'emoji' ? trigger.name : null, text.includes(':'))
  const offers = useMemo((): readonly Offer[] => {
    if (trigger?.of === 'emoji') return emoji.offers
    // A name that is written out needs no offer: Enter sends.
    if (people.some(({ username }) => username === trigger?.name.toLowerCase())) return []
    return people.map((user) => ({
      key: user.id,
      face: <Avatar id={user.id} name={user.displayName} size="tiny" />,
      label: user.displayName,
      hint: `@${user.username}`,
      text: `@${user.username} `,
    }))
  }, [people, emoji.offers, trigger?.of, trigger?.name])
  const open = trigger !== null && offers.length > 0
  const current = Math.min(chosen, offers.length - 1)

  function pick(offer: Offer) {
    writeInto(area.current!, trigger!.from, caret, offer.text)
    offer.onPick?.()
    setChosen(0)
    setCaret(area.current!.selectionStart)
  }

  function onKeyDown(event: KeyboardEvent): boolean {
    if (!open || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return false
    if (event.key === 'ArrowDown') setChosen((current + 1) % offers.length)
    else if (event.key === 'ArrowUp') setChosen((current + offers.length - 1) % offers.length)
    else if (event.key === 'Enter' || event.key === 'Tab') pick(offers[current]!)
    else if (event.key === 'Escape') setDismissed(trigger.from)
    else return false
    event.preventDefault()
    return true
  }

  function onSelect() {
    const { value, selectionStart } = area.current!
    if (selectionStart !== caret) setChosen(0)
    setCaret(selectionStart)
    if (triggerAt(value, selectionStart)?.from !== dismissed) setDismissed(-1)
    const written = codeAt(value, selectionStart)
    const sign = written === null ? undefined : emoji.byCode(written.code)
    if (written !== null && sign !== undefined) writeInto(area.current!, written.from, selectionStart, sign)
  }

  return {
    of: open ? trigger.of : null,
    offers: open ? offers : [],
    chosen: current,
    pick,
    onKeyDown,
    onSelect,
    aria: {
      'aria-controls': open ? LIST_ID : undefined,
      'aria-activedescendant': open ? `${LIST_ID}-${current}` : undefined,
    },
  }
}

/** Emoji by the beginning of a code or a name. What knows them all is fetched when a colon is first typed. */
function useEmojiOffered(name: string | null, wanted: boolean) {
  const { language } = useWords()
  const { tone, used } = useEmojiChoices()
  const { data } = useQuery({
    queryKey: ['emoji-codes'],
    enabled: wanted,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async () => {
      const [{ loadEmoji }, search] = await Promise.all([import('../emoji/load.ts'), import('../emoji/search.ts')])
      return { all: await loadEmoji(), ...search }
    },
  })
  const offers = useMemo((): readonly Offer[] => {
    if (data === undefined || name === null) return []
    return data.searchEmoji(data.all, name, OFFERED).map((emoji) => ({
      key: emoji.sign,
      face: <span className="w-6 text-center text-[1.25rem] leading-none">{inTone(emoji, tone)}</span>,
      label: emoji.label[language],
      hint: emoji.codes[0] === undefined ? '' : `:${emoji.codes[0]}:`,
      text: inTone(emoji, tone),
      onPick: () => used(inTone(emoji, tone)),
    }))
  }, [data, name, tone, language, used])
  const byCode = (code: string) => {
    const emoji = data?.emojiByCode(data.all, code)
    return emoji === undefined ? undefined : inTone(emoji, tone)
  }
  return { offers, byCode }
}

export function CompletionList({ completion }: { completion: Completion }) {
  const { t } = useWords()
  if (completion.of === null) return null
  return (
    <div
      id={LIST_ID}
      role="listbox"
      aria-label={t(completion.of === 'person' ? 'composer.mentions' : 'emoji.title')}
      className="arrive absolute bottom-full z-20 mb-1 w-80 max-w-[calc(100%-1.5rem)] rounded-2xl border border-line bg-surface p-1.5 shadow-xl"
    >
      {completion.offers.map((offer, i) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are heard in the text field, which keeps the focus
        <div
          key={offer.key}
          id={`${LIST_ID}-${i}`}
          role="option"
          tabIndex={-1}
          aria-selected={i === completion.chosen}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => completion.pick(offer)}
          className="flex min-h-11 cursor-pointer items-center gap-2.5 rounded-xl px-2 hover:bg-sunk aria-selected:bg-accent-soft"
        >
          {offer.face}
          <span className="min-w-0 truncate font-semibold">{offer.label}</span>
          <span className="min-w-0 truncate text-[0.8125rem] text-faint">{offer.hint}</span>
        </div>
      ))}
    </div>
  )
}
