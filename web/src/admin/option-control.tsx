import type { ConfigItem } from '@yeoul/client'
import { useId } from 'react'
import { useWords } from '../i18n/index.ts'
import { Field, inputLook } from '../ui/field.tsx'
import { count } from './numbers.ts'
import { choiceText, nameOf, withUnit } from './option-text.ts'
import { kindOf } from './option-value.ts'

interface OptionControlProps {
  item: ConfigItem
  text: string
  bad: boolean
  onChange(text: string): void
}

/** The control that fits the option: a choice, a number with its bounds, a list with one item a line. */
export function OptionControl(props: OptionControlProps) {
  const { t } = useWords()
  const { item } = props
  switch (kindOf(item)) {
    case 'switch':
      return (
        <Choice
          {...props}
          choices={[
            { value: 'on', label: t('admin.config.on') },
            { value: 'off', label: t('admin.config.off') },
          ]}
        />
      )
    case 'choice':
      return (
        <Choice {...props} choices={item.choices!.map((value) => ({ value, label: choiceText(item.key, value, t) }))} />
      )
    case 'list':
      return <List {...props} />
    default:
      return <Line {...props} />
  }
}

type ChoiceProps = OptionControlProps & { choices: { value: string; label: string }[] }

function Choice({ item, text, onChange, choices }: ChoiceProps) {
  const { language } = useWords()
  return (
    <fieldset className="flex flex-wrap gap-1.5">
      <legend className="sr-only">{nameOf(item.key, language)}</legend>
      {choices.map(({ value, label }) => (
        <label
          key={value}
          className="flex h-10 items-center rounded-xl border border-line bg-surface px-4 text-[0.9375rem] font-medium outline-accent hover:border-faint has-checked:border-accent has-checked:bg-accent has-checked:text-on-accent has-focus-visible:outline-2 has-focus-visible:outline-offset-2 touch:h-11"
        >
          <input
            type="radio"
            name={item.key}
            value={value}
            checked={text === value}
            onChange={() => onChange(value)}
            className="sr-only"
            // biome-ignore lint/a11y/noAutofocus: the form opens on request, in place of the button that had the focus
            autoFocus={text === value}
          />
          {label}
        </label>
      ))}
    </fieldset>
  )
}

function Line({ item, text, bad, onChange }: OptionControlProps) {
  const { t, language } = useWords()
  const number = kindOf(item) === 'number'
  const { min, max } = item
  const form =
    min === undefined || max === undefined
      ? item.form
      : t('admin.config.whole', { min: count(min, language), max: count(max, language) })
  const comesTo = number && /^\d+$/.test(text.trim()) ? withUnit(item.key, Number(text), language) : null
  return (
    <Field
      label={nameOf(item.key, language) + unitOf(item.key)}
      inputMode={number ? 'numeric' : 'text'}
      autoComplete="off"
      spellCheck={false}
      autoFocus
      value={text}
      onChange={(event) => onChange(event.target.value)}
      hint={comesTo === null ? form : `${form} ${t('admin.config.comesTo', { value: comesTo })}`}
      problem={bad ? t('admin.config.bad', { form }) : undefined}
    />
  )
}

/** Behind the name: what the number is counted in. */
const unitOf = (key: string) => (key.endsWith('Ms') ? ' (ms)' : '')

function List({ item, text, bad, onChange }: OptionControlProps) {
  const { t, language } = useWords()
  const id = useId()
  return (
    <div>
      <label htmlFor={id} className="mb-1.5 block text-[0.875rem] font-semibold text-soft">
        {nameOf(item.key, language)}
      </label>
      <textarea
        id={id}
        rows={4}
        value={text}
        spellCheck={false}
        aria-invalid={bad}
        aria-describedby={`${id}-below`}
        // biome-ignore lint/a11y/noAutofocus: the form opens on request, in place of the button that had the focus
        autoFocus
        onChange={(event) => onChange(event.target.value)}
        className={`${inputLook} h-auto! resize-y py-2.5`}
      />
      <p id={`${id}-below`} className={`mt-1.5 text-[0.8125rem] ${bad ? 'text-danger' : 'text-faint'}`}>
        {t(bad ? 'admin.config.badList' : 'admin.config.perLine')}
      </p>
    </div>
  )
}
