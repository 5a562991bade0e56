import type { ConfigItem } from '@yeoul/client'
import { type RefObject, useEffect, useRef } from 'react'
import { useWords } from '../i18n/index.ts'
import { Button } from '../ui/button.tsx'
import { Icon } from '../ui/icon.tsx'
import { OptionForm } from './option-form.tsx'
import { aboutOf, nameOf, secretText, sourceText, valueText } from './option-text.ts'
import { Chip } from './page-head.tsx'

interface OptionRowProps {
  item: ConfigItem
  version: number
  editing: boolean
  onEdit(on: boolean): void
}

/** One option: its name and meaning, the value in force and where it came from; the form opens in its place. */
export function OptionRow({ item, version, editing, onEdit }: OptionRowProps) {
  const { t, language } = useWords()
  const name = nameOf(item.key, language)
  const change = useRef<HTMLButtonElement>(null)
  useFocusBack(editing, change)
  const atDefault = JSON.stringify(item.value) === JSON.stringify(item.default)
  return (
    <li className="px-4 py-3.5 wide:px-5">
      <div className="flex flex-wrap items-start gap-x-4 gap-y-2">
        <div className="min-w-0 flex-1 basis-64">
          <h5 className="flex flex-wrap items-center gap-x-2 font-semibold">
            {name}
            {item.source === 'run time' && <Chip>{t('admin.config.changed')}</Chip>}
          </h5>
          <p className="mt-0.5 text-[0.875rem] text-soft">{aboutOf(item, language)}</p>
          <p className="mt-1 flex flex-wrap gap-x-3 text-[0.8125rem] text-faint">
            <code className="font-mono text-[0.75rem] leading-[1.7] break-all">{item.env}</code>
            <span>{sourceText(item.source, t)}</span>
            {!atDefault && !item.secret && (
              <span>{t('admin.config.default', { value: valueText(item.key, item.default, t, language) })}</span>
            )}
          </p>
        </div>
        {!editing && (
          <div className="flex w-full items-center justify-between gap-3 wide:w-auto wide:max-w-full wide:justify-start">
            <span className="min-w-0 font-semibold break-words tabular-nums">
              {item.secret ? secretText(item, t) : valueText(item.key, item.value, t, language)}
            </span>
            {item.changeable ? (
              <Button
                ref={change}
                look="quiet"
                small
                aria-label={t('admin.config.changeIt', { name })}
                onClick={() => onEdit(true)}
              >
                {t('admin.config.change')}
              </Button>
            ) : (
              <span title={t('admin.config.fixed')} className="flex size-9 items-center justify-center text-faint">
                <Icon name="lock" className="size-4.5" />
                <span className="sr-only">{t('admin.config.fixed')}</span>
              </span>
            )}
          </div>
        )}
      </div>
      {editing && <OptionForm item={item} version={version} onClose={() => onEdit(false)} />}
    </li>
  )
}

/** When the form closes, the focus returns to the button that opened it. */
function useFocusBack(editing: boolean, button: RefObject<HTMLButtonElement | null>): void {
  const was = useRef(false)
  useEffect(() => {
    if (was.current && !editing && document.activeElement === document.body) button.current?.focus()
    was.current = editing
  }, [editing, button])
}
