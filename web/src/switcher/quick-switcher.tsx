import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react'
import { addWords, useWords } from '../i18n/index.ts'
import { keyboard } from '../i18n/words/keyboard.ts'
import { isComposing, keyName } from '../keyboard/keys.ts'
import { useTalkTo } from '../people/talk-to.ts'
import { go, linkTo } from '../route.ts'
import { IconButton } from '../ui/button.tsx'
import { Icon } from '../ui/icon.tsx'
import { Modal } from '../ui/modal.tsx'
import { CandidateRow } from './candidate-row.tsx'
import { type Candidate, useCandidates } from './candidates.ts'

addWords(keyboard)

interface QuickSwitcherProps {
  current: string | undefined
  onClose(): void
}

/** Goes to a room or a person by a few letters of the name. The focus stays in the field; the list is chosen from by keys. */
export function QuickSwitcher({ current, onClose }: QuickSwitcherProps) {
  const { t } = useWords()
  const list = useRef<HTMLDivElement>(null)
  const id = useId()
  const [query, setQuery] = useState('')
  /** The chosen one by its id: it stays chosen while others come and go around it. */
  const [chosen, setChosen] = useState<string | null>(null)
  const { groups, looking } = useCandidates(query, current)
  const talkTo = useTalkTo()

  const items = groups.flatMap((group) => group.items)
  const at = Math.max(
    0,
    items.findIndex((item) => item.id === chosen),
  )
  const words = query.trim()

  // biome-ignore lint/correctness/useExhaustiveDependencies: other words, another first answer
  useEffect(() => setChosen(null), [words])
  useEffect(() => {
    list.current?.querySelector(`#${CSS.escape(`${id}-${at}`)}`)?.scrollIntoView({ block: 'nearest' })
  }, [at, id])

  function open(item: Candidate | undefined) {
    if (item === undefined) return
    onClose()
    if (item.kind === 'person') talkTo.mutate(item.user.id)
    else go(linkTo.room(item.kind === 'room' ? item.entry.room.id : item.room.id))
  }

  function onKeyDown(event: KeyboardEvent) {
    if (isComposing(event.nativeEvent)) return
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key]
    if (step !== undefined && items.length > 0) {
      const last = items.length - 1
      const round = Math.abs(step) === 1 && (at + step < 0 || at + step > last)
      setChosen(items[round ? (step < 0 ? last : 0) : Math.min(last, Math.max(0, at + step))]!.id)
    } else if (event.key === 'Enter') open(items[at])
    else return
    event.preventDefault()
  }

  let number = 0
  return (
    <Modal
      label={t('switcher.title')}
      onClose={onClose}
      className="arrive mx-auto mt-[min(12dvh,7rem)] mb-auto max-h-[min(34rem,80dvh)] w-[min(36rem,calc(100vw-1.5rem))] flex-col overflow-hidden rounded-3xl open:flex"
    >
      <div className="flex shrink-0 items-center gap-2.5 border-b border-line ps-5 pe-4">
        <Icon name="search" className="size-5 text-faint" />
        <input
          type="text"
          role="combobox"
          aria-expanded={items.length > 0}
          aria-controls={`${id}-list`}
          aria-activedescendant={items.length > 0 ? `${id}-${at}` : undefined}
          aria-autocomplete="list"
          aria-label={t('switcher.title')}
          placeholder={t('switcher.placeholder')}
          autoComplete="off"
          spellCheck={false}
          value={query}
          onChange={(event) => setQuery(event.target.value)}
          onKeyDown={onKeyDown}
          className="h-14 min-w-0 flex-1 bg-transparent text-[1.0625rem] outline-none"
        />
        <IconButton icon="close" label={t('ui.close')} small onClick={onClose} />
      </div>
      <div
        ref={list}
        id={`${id}-list`}
        role="listbox"
        tabIndex={-1}
        aria-label={t('switcher.title')}
        className="min-h-0 flex-1 overflow-y-auto overscroll-contain p-2"
      >
        {groups.map((group) => (
          // biome-ignore lint/a11y/useSemanticElements: a group inside a listbox is no fieldset
          <div key={group.name} role="group" aria-labelledby={`${id}-${group.name}`}>
            <p id={`${id}-${group.name}`} className="px-3 pt-2 pb-1 text-[0.8125rem] font-semibold text-faint">
              {t(`switcher.${group.name}`)}
            </p>
            {group.items.map((item) => {
              const i = number++
              return (
                <CandidateRow
                  key={item.id}
                  id={`${id}-${i}`}
                  candidate={item}
                  chosen={i === at}
                  onChoose={() => setChosen(item.id)}
                  onOpen={() => open(item)}
                />
              )
            })}
          </div>
        ))}
        {items.length === 0 && (
          <p className="px-3 py-6 text-center text-[0.9375rem] text-soft">
            {words === ''
              ? t('switcher.empty')
              : looking
                ? t('switcher.looking')
                : t('switcher.none', { query: words })}
          </p>
        )}
      </div>
      <p role="status" className="sr-only">
        {words !== '' && !looking && t('switcher.found', { count: items.length })}
      </p>
      <p
        aria-hidden="true"
        className="flex shrink-0 gap-4 border-t border-line px-5 py-2 text-[0.75rem] text-faint touch:hidden"
      >
        <span>↑↓ {t('switcher.choose')}</span>
        <span>
          {keyName('enter')} {t('switcher.go')}
        </span>
        <span>
          {keyName('esc')} {t('switcher.close')}
        </span>
      </p>
    </Modal>
  )
}
