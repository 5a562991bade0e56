import { useMutation } from '@tanstack/react-query'
import type { Message, Timeline } from '@yeoul/client'
import { useWords } from '../i18n/index.ts'
import { Confirm } from '../ui/dialog.tsx'

interface DeleteMessageProps {
  timeline: Timeline
  message: Message
  onClose(): void
}

export function DeleteMessage({ timeline, message, onClose }: DeleteMessageProps) {
  const { t, problem } = useWords()
  const remove = useMutation({ mutationFn: () => timeline.delete(message.seq), onSuccess: onClose })
  return (
    <Confirm
      title={t('message.delete.title')}
      body={t('message.delete.body')}
      action={t('message.delete')}
      busy={remove.isPending}
      problem={remove.error ? problem(remove.error) : null}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    />
  )
}
