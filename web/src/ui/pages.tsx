import { type ReactNode, useEffect, useRef } from 'react'
import { useWords } from '../i18n/index.ts'
import { go, linkTo } from '../route.ts'
import { IconButton } from './button.tsx'
import { Icon, type IconName } from './icon.tsx'

interface PagesProps {
  title: string
  pages: readonly { href: string; label: string; icon: IconName; current: boolean }[]
  children: ReactNode
}

/** Several pages under one title, in the place of the conversation: their list beside the page, above it where it is narrow. */
export function Pages({ title, pages, children }: PagesProps) {
  const { t } = useWords()
  const list = useRef<HTMLElement>(null)
  const current = pages.find((page) => page.current)?.href
  // biome-ignore lint/correctness/useExhaustiveDependencies: whenever another page is opened, however that came about
  useEffect(() => {
    list.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [current])
  return (
    <section aria-label={title} className="flex min-h-0 flex-1 flex-col">
      <header className="flex h-16 shrink-0 items-center gap-1 border-b border-line bg-paper ps-1 pe-3 wide:ps-6">
        <IconButton icon="back" label={t('rooms.back')} onClick={() => go(linkTo.home)} className="wide:hidden" />
        <h2 className="truncate text-[1.0625rem] font-bold tracking-tight">{title}</h2>
      </header>
      <div className="flex min-h-0 flex-1 flex-col roomy:flex-row">
        <nav
          ref={list}
          aria-label={title}
          className="flex shrink-0 gap-1 overflow-x-auto border-line px-3 py-2 max-roomy:border-b roomy:w-52 roomy:flex-col roomy:border-e roomy:px-3 roomy:py-4"
        >
          {pages.map((page) => (
            <a
              key={page.href}
              href={page.href}
              aria-current={page.current ? 'page' : undefined}
              className="flex h-10 shrink-0 scroll-mx-3 items-center gap-2.5 rounded-xl px-3 text-[0.9375rem] font-medium whitespace-nowrap text-soft outline-offset-[-2px] transition-colors hover:bg-sunk aria-[current=page]:bg-accent-soft aria-[current=page]:text-ink touch:h-11"
            >
              <Icon name={page.icon} className="size-4.5" />
              {page.label}
            </a>
          ))}
        </nav>
        <div className="safe-bottom min-h-0 flex-1 overflow-y-auto px-4 py-5 wide:px-8 wide:py-7">{children}</div>
      </div>
    </section>
  )
}

/** One part of such a page: a heading, what it is for, and what can be done. */
export function PagePart({ title, lead, children }: { title: string; lead?: string; children: ReactNode }) {
  return (
    <section className="mb-9 max-w-[44rem] last:mb-0">
      <h3 className="text-[1.0625rem] font-bold tracking-tight">{title}</h3>
      {lead !== undefined && <p className="mt-0.5 text-[0.875rem] text-soft">{lead}</p>}
      <div className="mt-4">{children}</div>
    </section>
  )
}
