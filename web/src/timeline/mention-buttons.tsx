import { useWords } from '../i18n/index.ts'
import { Icon } from '../ui/icon.tsx'
import type { Jump } from './jump.ts'
import type { UnseenMentions } from './unseen-mentions.ts'

const pill =
  'arrive absolute end-3 inline-flex h-9 items-center gap-1 rounded-full bg-accent ps-2.5 pe-3 text-[0.875rem] font-bold text-on-accent shadow-lg touch:h-11'

/** Up and down to the nearest message that calls the reader and that they have not seen. */
export function MentionButtons({ mentions, jump }: { mentions: UnseenMentions; jump: Jump }) {
  const { t } = useWords()
  const { above, below } = mentions
  const previous = above.at(-1)
  const next = below[0]
  return (
    <>
      {previous !== undefined && (
        <button
          type="button"
          className={`${pill} top-16 wide:top-3`}
          aria-label={t('timeline.mentionsAbove', { count: above.length })}
          title={t('timeline.mentionsAbove', { count: above.length })}
          onClick={() => jump.to({ n: previous })}
        >
          <Icon name="up" className="size-4" />@{above.length > 1 && above.length}
        </button>
      )}
      {next !== undefined && (
        <button
          type="button"
          className={`${pill} bottom-3`}
          aria-label={t('timeline.mentionsBelow', { count: below.length })}
          title={t('timeline.mentionsBelow', { count: below.length })}
          onClick={() => jump.to({ n: next })}
        >
          <Icon name="down" className="size-4" />@{below.length > 1 && below.length}
        </button>
      )}
    </>
  )
}
