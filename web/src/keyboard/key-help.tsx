import { Fragment } from 'react'
import { addWords, useWords } from '../i18n/index.ts'
import { keyboard } from '../i18n/words/keyboard.ts'
import { useSettings } from '../settings/settings.ts'
import { Dialog } from '../ui/dialog.tsx'
import { keyName } from './keys.ts'

addWords(keyboard)

type Key = keyof typeof keyboard
/** What sends, by what the person chose for Enter. */
const SENDS = { enter: [['enter']], line: [['mod', 'enter']] } as const
/** Each line: what it does, and the combinations that do it. */
const PARTS: readonly { title: Key; lines: readonly { does: Key; keys: readonly (readonly string[])[] }[] }[] = [
  {
    title: 'keys.around',
    lines: [
      { does: 'keys.switcher', keys: [['mod', 'K']] },
      {
        does: 'keys.nextRoom',
        keys: [
          ['alt', 'down'],
          ['alt', 'up'],
        ],
      },
      {
        does: 'keys.nextUnread',
        keys: [
          ['alt', 'shift', 'down'],
          ['alt', 'shift', 'up'],
        ],
      },
      { does: 'keys.newest', keys: [['esc']] },
      { does: 'keys.help', keys: [['mod', '/'], ['?']] },
    ],
  },
  {
    title: 'keys.writing',
    lines: [
      { does: 'keys.send', keys: SENDS.enter },
      { does: 'keys.newLine', keys: [['shift', 'enter']] },
      { does: 'keys.editLast', keys: [['up']] },
      { does: 'keys.cancel', keys: [['esc']] },
      { does: 'keys.mention', keys: [['@']] },
      { does: 'keys.emoji', keys: [[':']] },
      { does: 'keys.bold', keys: [['mod', 'B']] },
      { does: 'keys.italic', keys: [['mod', 'I']] },
      { does: 'keys.strike', keys: [['mod', 'shift', 'X']] },
    ],
  },
  {
    title: 'keys.reading',
    lines: [
      { does: 'keys.messages', keys: [['up'], ['down']] },
      { does: 'keys.end', keys: [['End']] },
      { does: 'keys.reply', keys: [['R']] },
      { does: 'keys.react', keys: [['+']] },
      { does: 'keys.edit', keys: [['E']] },
      { does: 'keys.copyLink', keys: [['C']] },
      { does: 'keys.delete', keys: [['Delete']] },
    ],
  },
]

/** All shortcuts of the page. */
export function KeyHelp({ onClose }: { onClose(): void }) {
  const { t } = useWords()
  const sends = useSettings((settings) => (settings.enterSends ? SENDS.enter : SENDS.line))
  return (
    <Dialog title={t('keys.title')} onClose={onClose}>
      {PARTS.map((part) => (
        <section key={part.title} className="mb-5 last:mb-0">
          <h3 className="mb-1 text-[0.8125rem] font-semibold text-faint">{t(part.title)}</h3>
          <dl>
            {part.lines.map((line) => (
              <div
                key={line.does}
                className="flex min-h-10 flex-wrap items-center justify-between gap-x-4 gap-y-1 border-b border-line py-1.5 last:border-b-0"
              >
                <dt className="text-[0.9375rem]">{t(line.does)}</dt>
                <dd className="ms-auto flex items-center gap-1.5 text-[0.8125rem] text-soft">
                  {(line.does === 'keys.send' ? sends : line.keys).map((keys, i) => (
                    <Fragment key={keys.join()}>
                      {i > 0 && t('keys.or')}
                      <span className="flex gap-1">
                        {keys.map((key) => (
                          <kbd
                            key={key}
                            className="inline-flex h-6 min-w-6 items-center justify-center rounded-md border border-line bg-sunk px-1.5 font-sans text-[0.75rem] font-semibold text-ink"
                          >
                            {keyName(key)}
                          </kbd>
                        ))}
                      </span>
                    </Fragment>
                  ))}
                </dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </Dialog>
  )
}
