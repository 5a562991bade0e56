import { useWords } from '../i18n/index.ts'
import { useShortText } from '../people/short-text.ts'
import { useName } from '../people/users.ts'
import { IconButton } from '../ui/button.tsx'
import { Icon } from '../ui/icon.tsx'
import type { ComposerTask } from './task.ts'

interface TaskBarProps {
  task: Exclude<ComposerTask, { type: 'write' }>
  onCancel(): void
}

/** Above the text: what is being answered or edited. */
export function TaskBar({ task, onCancel }: TaskBarProps) {
  const { t } = useWords()
  const name = useName(task.message.sender)
  const text = useShortText(task.message)
  return (
    <div className="flex items-center gap-2.5 border-b border-line ps-4 pe-1.5 py-1">
      <Icon name={task.type} className="size-4.5 text-accent" />
      <p className="min-w-0 flex-1 text-[0.8125rem] leading-snug">
        <span className="block font-semibold text-accent">
          {task.type === 'edit' ? t('composer.editing') : t('composer.replying', { name })}
        </span>
        <span className="block truncate text-soft">{text}</span>
      </p>
      <IconButton icon="close" small label={t('composer.cancel')} onClick={onCancel} />
    </div>
  )
}
