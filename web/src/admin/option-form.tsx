import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { ConfigInForce, ConfigItem, ConfigValue } from '@yeoul/client'
import { type FormEvent, useState } from 'react'
import { useWords } from '../i18n/index.ts'
import { useClient, YeoulError } from '../session/client.ts'
import { Button } from '../ui/button.tsx'
import { Problem } from '../ui/field.tsx'
import { notify } from '../ui/notice.tsx'
import { OptionControl } from './option-control.tsx'
import { nameOf, valueText } from './option-text.ts'
import { readValue, textOf } from './option-value.ts'

const CONFIG = ['admin', 'config']

interface OptionFormProps {
  item: ConfigItem
  version: number
  onClose(): void
}

/**
 * Changes one option. When somebody else changed the configuration since it was read, nothing is overwritten: what they set is
 * shown first, and saving again is a decision.
 */
export function OptionForm({ item, version, onClose }: OptionFormProps) {
  const { t, language, problem } = useWords()
  const { api } = useClient()
  const queries = useQueryClient()
  const [text, setText] = useState(() => textOf(item.value))
  const [before] = useState(item.value)
  const [meanwhile, setMeanwhile] = useState(false)
  const [checked, setChecked] = useState(false)
  const value = readValue(item, text)
  const name = nameOf(item.key, language)

  const save = useMutation({
    mutationFn: (to: ConfigValue) => api.admin.changeConfig({ version, changes: { [item.key]: to } }),
    onSuccess: (now) => {
      queries.setQueryData<ConfigInForce>(CONFIG, now)
      void queries.invalidateQueries({ queryKey: ['admin', 'config-history'] })
      notify(t('admin.config.saved', { name }))
      onClose()
    },
    onError: async (error) => {
      if (codeOf(error) !== 'config_changed') return
      await queries.refetchQueries({ queryKey: CONFIG, exact: true })
      void queries.invalidateQueries({ queryKey: ['admin', 'config-history'] })
      setMeanwhile(true)
    },
  })
  const refused = save.error !== null && codeOf(save.error) === 'bad_request'
  const conflict = save.error !== null && codeOf(save.error) === 'config_changed'
  const theirs = JSON.stringify(item.value) !== JSON.stringify(before)

  function submit(event: FormEvent) {
    event.preventDefault()
    setChecked(true)
    if (value !== undefined) save.mutate(value)
  }

  return (
    <form
      noValidate
      aria-label={name}
      onSubmit={submit}
      onKeyDown={(event) => event.key === 'Escape' && onClose()}
      className="mt-3 space-y-3 rounded-xl bg-paper p-4"
    >
      <OptionControl
        item={item}
        text={text}
        onChange={(changed) => {
          setText(changed)
          if (refused) save.reset()
        }}
        bad={refused || (checked && value === undefined)}
      />
      <div role="alert">
        {meanwhile && (
          <p className="rounded-xl bg-mention px-3.5 py-2.5 text-[0.875rem] text-ink">
            {theirs
              ? t('admin.config.theirs', { value: valueText(item.key, item.value, t, language) })
              : t('admin.config.elsewhere')}
          </p>
        )}
      </div>
      <Problem>{save.error === null || refused || conflict ? null : problem(save.error)}</Problem>
      <div className="flex flex-wrap justify-end gap-2">
        {item.source === 'run time' && (
          <Button look="plain" small className="me-auto" disabled={save.isPending} onClick={() => save.mutate(null)}>
            {t('admin.config.back')}
          </Button>
        )}
        <Button look="quiet" small onClick={onClose}>
          {t('ui.cancel')}
        </Button>
        <Button type="submit" small disabled={save.isPending}>
          {t(meanwhile ? 'admin.config.saveStill' : 'ui.save')}
        </Button>
      </div>
    </form>
  )
}

const codeOf = (error: unknown) => (error instanceof YeoulError ? error.code : undefined)
