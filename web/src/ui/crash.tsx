import { Component, type ReactNode } from 'react'
import { useWords } from '../i18n/index.ts'
import { Button } from './button.tsx'

/** Shows a way out instead of a blank page when a component throws. */
export class Crash extends Component<{ children: ReactNode }, { crashed: boolean }> {
  override state = { crashed: false }
  static getDerivedStateFromError() {
    return { crashed: true }
  }
  override render() {
    return this.state.crashed ? <CrashPage /> : this.props.children
  }
}

function CrashPage() {
  const { t } = useWords()
  return (
    <main role="alert" className="flex h-full flex-col items-center justify-center gap-4 p-6 text-center">
      <p className="max-w-sm">{t('ui.crashed')}</p>
      <Button onClick={() => location.reload()}>{t('ui.reload')}</Button>
    </main>
  )
}
