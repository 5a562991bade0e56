import { useState } from 'react'
import { useWords } from '../i18n/index.ts'
import type { Language } from '../i18n/language.ts'
import { inTone, useEmojiChoices } from './choices.ts'
import type { Emoji } from './emoji.ts'

const HANDS = ['✋', '✋🏻', '✋🏼', '✋🏽', '✋🏾', '✋🏿']
const TONES = [0, 1, 2, 3, 4, 5] as const

/** Below the emoji: the name of the chosen one, and the skin tone that people and hands are shown in. */
export function ToneChoice({ chosen, language }: { chosen: Emoji | undefined; language: Language }) {
  const { t } = useWords()
  const { tone, setTone } = useEmojiChoices()
  const [open, setOpen] = useState(false)
  const button =
    'flex size-9 shrink-0 items-center justify-center rounded-lg text-[1.25rem] leading-none hover:bg-accent-soft aria-checked:bg-accent-soft touch:size-11'
  return (
    <div className="mt-1 flex h-10 items-center justify-end border-t border-line pt-1 touch:h-12">
      {open ? (
        <div role="radiogroup" aria-label={t('emoji.tone')} className="flex">
          {TONES.map((each) => (
            // biome-ignore lint/a11y/useSemanticElements: a sign in a button, not a dot beside a word
            <button
              key={each}
              type="button"
              role="radio"
              aria-checked={tone === each}
              aria-label={t(`emoji.tone.${each}`)}
              title={t(`emoji.tone.${each}`)}
              onClick={() => {
                setTone(each)
                setOpen(false)
              }}
              className={button}
            >
              {HANDS[each]}
            </button>
          ))}
        </div>
      ) : (
        <>
          <p className="flex min-w-0 flex-1 items-center gap-2 ps-1 text-[0.8125rem] text-soft">
            {chosen !== undefined && (
              <>
                <span className="text-[1.375rem] leading-none text-ink">{inTone(chosen, tone)}</span>
                <span className="min-w-0 leading-tight">
                  <span className="block truncate">{chosen.label[language]}</span>
                  {chosen.codes[0] !== undefined && (
                    <span className="block truncate text-faint">:{chosen.codes[0]}:</span>
                  )}
                </span>
              </>
            )}
          </p>
          <button
            type="button"
            aria-label={t('emoji.tone')}
            title={t('emoji.tone')}
            aria-expanded={false}
            onClick={() => setOpen(true)}
            className={button}
          >
            {HANDS[tone]}
          </button>
        </>
      )}
    </div>
  )
}
