import type { Timeline } from '@yeoul/client'
import { type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from 'react'
import { EmojiPicker } from '../emoji/emoji-picker.tsx'
import { useWords } from '../i18n/index.ts'
import { isCommand, keyText } from '../keyboard/keys.ts'
import { useClient, useLive } from '../session/client.ts'
import { useSettings } from '../settings/settings.ts'
import { IconButton } from '../ui/button.tsx'
import { Icon } from '../ui/icon.tsx'
import { notify } from '../ui/notice.tsx'
import { CompletionList, useCompletion } from './completion.tsx'
import { useDrafts } from './drafts.ts'
import type { ComposerTask } from './task.ts'
import { TaskBar } from './task-bar.tsx'
import { toggleMark, writeInto } from './write-into.ts'

interface ComposerProps {
  timeline: Timeline
  title: string
  task: ComposerTask
  onTaskDone(): void
  onEditRefused(task: ComposerTask): void
  /** Edits the last message of one's own. */
  onEditLast(): void
}

/** The left part of the limit is told only when it is near. */
const TELL_LEFT = 200

export function Composer({ timeline, title, task, onTaskDone, onEditRefused, onEditLast }: ComposerProps) {
  const { t, problem } = useWords()
  const room = timeline.room
  const draft = useDrafts((drafts) => drafts.texts[room] ?? '')
  const write = useDrafts((drafts) => drafts.write)
  const keep = useDrafts((drafts) => drafts.keep)
  const [edited, setEdited] = useState('')
  const area = useRef<HTMLTextAreaElement>(null)
  const composing = useRef(false)
  const limit = useBodyLimit()
  const enterSends = useSettings((settings) => settings.enterSends)

  const editing = task.type === 'edit'
  const text = editing ? edited : draft
  function setText(next: string) {
    if (task.type !== 'edit') return write(room, next)
    setEdited(next)
    keep(room, { type: 'edit', seq: task.message.seq, text: next })
  }
  const completion = useCompletion(timeline, area, text)
  const left = limit - text.length
  const empty = text.trim() === ''

  useEffect(() => {
    if (task.type === 'edit') setEdited(task.text ?? task.message.body ?? '')
    if (task.type !== 'write') area.current!.focus()
  }, [task])
  // A phone keeps its keyboard down until it is asked for.
  useEffect(() => {
    if (matchMedia('(pointer: fine)').matches) area.current!.focus()
  }, [])
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows the text
  useLayoutEffect(() => {
    const { style } = area.current!
    style.height = 'auto'
    style.height = `${area.current!.scrollHeight}px`
  }, [text])

  function submit() {
    // Read from the element: the state may lack the syllable that an input method has just completed.
    const body = area.current!.value.trim()
    if (body === '' || body.length > limit) return
    if (task.type === 'edit') {
      const { message } = task
      const { seq } = message
      if (body !== message.body) {
        timeline.edit(seq, body).catch((error) => {
          notify(problem(error))
          onEditRefused({ type: 'edit', message, text: body })
        })
      }
    } else {
      try {
        timeline.send(body, task.type === 'reply' ? { replyTo: task.message.seq } : {})
      } catch (error) {
        notify(problem(error))
        return
      }
      write(room, '')
    }
    onTaskDone()
  }

  function onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>) {
    // Enter that completes a Hangul syllable belongs to the input method. Safari says so only by the key code.
    if (event.nativeEvent.isComposing || event.keyCode === 229) return
    if (completion.onKeyDown(event)) return
    const mark = markOfKey(event.nativeEvent)
    if (mark !== null) {
      event.preventDefault()
      toggleMark(area.current!, mark)
      return
    }
    if (sendsWith(event, enterSends)) {
      event.preventDefault()
      submit()
    } else if (event.key === 'Escape' && task.type !== 'write') {
      event.preventDefault()
      onTaskDone()
    } else if (event.key === 'ArrowUp' && text === '' && task.type === 'write') {
      event.preventDefault()
      onEditLast()
    }
  }

  function onSendButton() {
    // Leaving the field makes the input method hand over the syllable that is still open, so that none is left behind.
    if (composing.current) area.current!.blur()
    submit()
    area.current!.focus()
  }

  function insert(emoji: string) {
    const { selectionStart, selectionEnd } = area.current!
    writeInto(area.current!, selectionStart, selectionEnd, emoji)
    return true
  }

  return (
    <div className="safe-bottom relative mx-auto w-full max-w-[64rem] shrink-0 px-3 wide:px-5">
      <CompletionList completion={completion} />
      <div className="rounded-3xl border border-line bg-surface transition-colors focus-within:border-accent">
        {task.type !== 'write' && <TaskBar task={task} onCancel={onTaskDone} />}
        <div className="flex items-end gap-1 p-1.5">
          <EmojiPicker trigger={<IconButton icon="smile" label={t('composer.emoji')} />} onPick={insert} />
          <textarea
            ref={area}
            id="composer"
            rows={1}
            value={text}
            onChange={(event) => {
              setText(event.target.value)
              completion.onSelect()
              if (!editing && event.target.value !== '') timeline.typing()
            }}
            onKeyDown={onKeyDown}
            onSelect={completion.onSelect}
            onCompositionStart={() => {
              composing.current = true
            }}
            onCompositionEnd={() => {
              composing.current = false
            }}
            aria-label={t('composer.label', { title })}
            placeholder={t('composer.placeholder')}
            title={enterSends ? t('composer.hint') : t('composer.hint.line', { send: keyText('mod', 'enter') })}
            {...completion.aria}
            className="max-h-[min(12rem,34dvh)] min-h-10 flex-1 resize-none overflow-y-auto bg-transparent py-2 text-[1rem] leading-6 outline-none touch:min-h-11"
          />
          {left < TELL_LEFT && (
            <span role="status" className={`pb-2.5 text-[0.75rem] ${left < 0 ? 'text-danger' : 'text-faint'}`}>
              {left < 0 ? t('composer.tooLong', { count: -left }) : t('composer.left', { count: left })}
            </span>
          )}
          <button
            type="button"
            aria-label={t(editing ? 'composer.save' : 'composer.send')}
            title={t(editing ? 'composer.save' : 'composer.send')}
            disabled={empty || left < 0}
            // The field keeps the focus, and a phone its keyboard.
            onMouseDown={(event) => event.preventDefault()}
            onClick={onSendButton}
            className="flex size-10 shrink-0 items-center justify-center rounded-full bg-accent text-on-accent transition-colors hover:bg-accent-deep disabled:bg-sunk disabled:text-faint touch:size-11"
          >
            <Icon name={editing ? 'check' : 'send'} />
          </button>
        </div>
      </div>
    </div>
  )
}

/** Ctrl+B, Ctrl+I and Ctrl+Shift+X (⌘ on a Mac), by the keys' places: with Korean letters they are others. */
function markOfKey(event: globalThis.KeyboardEvent): string | null {
  if (!isCommand(event)) return null
  if (event.shiftKey) return event.code === 'KeyX' ? '~~' : null
  return event.code === 'KeyB' ? '**' : event.code === 'KeyI' ? '*' : null
}

/** The longest body that the server takes; its default until it has told. */
function useBodyLimit(): number {
  const state = useLive(useClient().connection)
  return state.state === 'online' ? state.limits.bodyLength : 8_000
}

/** Enter sends, or starts a line, as the person chose; with Ctrl or ⌘ it always sends, with Shift or Alt never. */
function sendsWith(event: KeyboardEvent, enterSends: boolean): boolean {
  if (event.key !== 'Enter' || event.shiftKey || event.altKey) return false
  return enterSends || event.ctrlKey || event.metaKey
}
