// biome-ignore-all lint/a11y/useSemanticElements: a grid of buttons that arrows walk through, not a table of data
// biome-ignore-all lint/a11y/useFocusableInteractive: the focus stays in the search field, which names the chosen cell
import type { Language } from '../i18n/language.ts'
import { inTone } from './choices.ts'
import type { Emoji } from './emoji.ts'
import type { Place } from './panel-rows.ts'

export const cellId = ({ row, column }: Place) => `emoji-${row}-${column}`

export function SectionRow({ name }: { name: string }) {
  return (
    <div role="row" className="px-1.5 pt-2 pb-1 text-[0.8125rem] font-semibold text-soft">
      <span role="rowheader">{name}</span>
    </div>
  )
}

interface EmojiRowProps {
  emoji: readonly Emoji[]
  at: number
  /** The column of the chosen one; null: it is in another row. */
  active: number | null
  tone: number
  language: Language
  onPick(emoji: Emoji): void
  onPoint(place: Place): void
}

export function EmojiRow({ emoji, at, active, tone, language, onPick, onPoint }: EmojiRowProps) {
  return (
    <div role="row" className="flex">
      {emoji.map((each, column) => (
        <button
          key={each.sign}
          type="button"
          role="gridcell"
          id={cellId({ row: at, column })}
          tabIndex={-1}
          aria-label={each.label[language]}
          aria-selected={column === active}
          onPointerMove={(event) => {
            if (event.pointerType === 'mouse' && column !== active) onPoint({ row: at, column })
          }}
          onClick={() => onPick(each)}
          className="flex size-[2.375rem] shrink-0 items-center justify-center rounded-lg text-[1.375rem] leading-none aria-selected:bg-accent-soft touch:size-11 touch:text-[1.625rem]"
        >
          {inTone(each, tone)}
        </button>
      ))}
    </div>
  )
}
