import { type KeyboardEvent, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react'
import { VList, type VListHandle } from 'virtua'
import { addWords, useWords } from '../i18n/index.ts'
import { emoji as words } from '../i18n/words/emoji.ts'
import { Icon } from '../ui/icon.tsx'
import { inTone, useEmojiChoices } from './choices.ts'
import type { Emoji } from './emoji.ts'
import { cellId, EmojiRow, SectionRow } from './panel-row.tsx'
import { emojiAt, GROUPS, moved, type Place, rowsOf, type Section } from './panel-rows.ts'
import { searchEmoji } from './search.ts'
import { ToneChoice } from './tone-choice.tsx'

addWords(words)

const FOUND_MAX = 200
/** What stands beside the columns on a narrow screen, in px. */
const EDGES = 52
const SIGNS = ['😀', '👋', '🐻', '🍜', '✈️', '⚽', '💡', '🔣', '🏳️']

function onResize(listener: () => void): () => void {
  addEventListener('resize', listener)
  return () => removeEventListener('resize', listener)
}

interface EmojiPanelProps {
  emoji: readonly Emoji[]
  onPick(sign: string): void
}

/** All emoji, by group or by what is searched for. The search field keeps the focus; arrows and Enter choose. */
export function EmojiPanel({ emoji, onPick }: EmojiPanelProps) {
  const { t, language } = useWords()
  const { recent, tone, used } = useEmojiChoices()
  // What was used last stays where it is while the panel is open.
  const [lately] = useState(recent)
  const [query, setQuery] = useState('')
  const [active, setActive] = useState<Place | null>(null)
  const [group, setGroup] = useState<Section | undefined>()
  const list = useRef<VListHandle>(null)
  const search = useRef<HTMLInputElement>(null)
  const cell = useMemo(() => (matchMedia('(pointer: coarse)').matches ? 44 : 38), [])
  const width = useSyncExternalStore(onResize, () => innerWidth)
  const columns = Math.min(8, Math.floor((width - EDGES) / cell))

  const everything = useMemo(() => {
    const bySign = new Map<string, Emoji>()
    for (const each of emoji)
      for (const sign of [each.sign, ...each.tones]) bySign.set(sign, { ...each, sign, tones: [] })
    const last = lately.flatMap((sign) => bySign.get(sign) ?? []).slice(0, columns * 2)
    const groups = GROUPS.map((section) => ({ section, emoji: emoji.filter((each) => each.group === section) }))
    return rowsOf([{ section: 'recent', emoji: last }, ...groups], columns)
  }, [emoji, lately, columns])
  const rows = useMemo(
    () =>
      query.trim() === ''
        ? everything
        : rowsOf([{ section: 'found', emoji: searchEmoji(emoji, query, FOUND_MAX) }], columns),
    [emoji, query, everything, columns],
  )
  const chosen = emojiAt(rows, active)

  useEffect(() => {
    if (matchMedia('(pointer: fine)').matches) search.current!.focus()
  }, [])

  function pick(each: Emoji) {
    const sign = inTone(each, tone)
    used(sign)
    onPick(sign)
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.nativeEvent.isComposing || event.keyCode === 229) return
    if (event.key === 'Enter' && chosen !== undefined) pick(chosen)
    else if (event.key.startsWith('Arrow')) {
      const next = moved(rows, active, event.key)
      setActive(next)
      if (next !== null) list.current?.scrollToIndex(next.row, { align: 'nearest' })
    } else return
    event.preventDefault()
  }

  const onScroll = (offset: number) => {
    const top = rows.findLast((row, i) => 'section' in row && i <= list.current!.findItemIndex(offset + 8))
    setGroup(top !== undefined && 'section' in top ? top.section : undefined)
  }

  return (
    <div className="flex flex-col" style={{ width: columns * cell + 12 }}>
      <div className="relative">
        <Icon name="search" className="absolute start-2.5 top-2.5 size-5 text-faint touch:top-3" />
        <input
          ref={search}
          value={query}
          onChange={(event) => {
            setQuery(event.target.value)
            setActive(event.target.value.trim() === '' ? null : { row: 1, column: 0 })
            list.current?.scrollTo(0)
          }}
          onKeyDown={onKeyDown}
          role="combobox"
          aria-expanded={true}
          aria-controls="emoji-grid"
          aria-activedescendant={chosen === undefined ? undefined : cellId(active!)}
          aria-autocomplete="list"
          aria-label={t('emoji.search')}
          placeholder={t('emoji.search')}
          className="h-10 w-full rounded-xl bg-sunk ps-9 pe-3 text-[1rem] outline-offset-0 focus-visible:outline-1 touch:h-11"
        />
      </div>
      <div role="toolbar" aria-label={t('emoji.groups')} className="mt-1 flex justify-between">
        {GROUPS.map((section, i) => (
          <button
            key={section}
            type="button"
            aria-label={t(`emoji.group.${section}`)}
            title={t(`emoji.group.${section}`)}
            aria-pressed={group === section}
            onClick={() => {
              setQuery('')
              setActive(null)
              const at = everything.findIndex((row) => 'section' in row && row.section === section)
              requestAnimationFrame(() => list.current?.scrollToIndex(at, { align: 'start' }))
            }}
            className="flex h-9 min-w-0 flex-1 items-center justify-center rounded-lg text-[1.0625rem] leading-none grayscale transition-[filter] hover:bg-accent-soft aria-pressed:bg-accent-soft aria-pressed:grayscale-0 touch:h-11"
          >
            {SIGNS[i]}
          </button>
        ))}
      </div>
      <div className="relative mt-1 h-[min(17rem,40dvh)]">
        {rows.length === 0 && (
          <p role="status" className="absolute inset-0 px-2 py-6 text-center text-[0.9375rem] text-soft">
            {t('emoji.none')}
          </p>
        )}
        {/* biome-ignore lint/a11y/useSemanticElements: arrows walk through it; it is no table */}
        <div id="emoji-grid" role="grid" aria-label={t('emoji.title')} tabIndex={-1} className="h-full">
          <VList ref={list} data={rows} itemSize={cell} onScroll={onScroll} className="overscroll-contain">
            {(row, i) =>
              'section' in row ? (
                <SectionRow key={i} name={sectionName(row.section, t)} />
              ) : (
                <EmojiRow
                  key={i}
                  emoji={row.emoji}
                  at={i}
                  active={active?.row === i ? active.column : null}
                  tone={tone}
                  language={language}
                  onPick={pick}
                  onPoint={setActive}
                />
              )
            }
          </VList>
        </div>
      </div>
      <ToneChoice chosen={chosen} language={language} />
    </div>
  )
}

function sectionName(section: Section, t: ReturnType<typeof useWords>['t']): string {
  return section === 'found' || section === 'recent' ? t(`emoji.${section}`) : t(`emoji.group.${section}`)
}
