import type { ReactNode } from 'react'

/** How every page of the administration begins: what it is, what it is for, and what can be done with the whole of it. */
export function PageHead({ title, lead, children }: { title: string; lead?: string; children?: ReactNode }) {
  return (
    <header className="mb-5 flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
      <div className="max-w-[44rem] min-w-0">
        <h3 className="text-[1.1875rem] font-bold tracking-tight">{title}</h3>
        {lead !== undefined && <p className="mt-1 text-[0.875rem] text-soft">{lead}</p>}
      </div>
      {children}
    </header>
  )
}

/** A word or two about a thing, beside its name. */
export function Chip({ tone = 'calm', children }: { tone?: 'calm' | 'danger' | 'still'; children: ReactNode }) {
  return (
    <span
      className={`shrink-0 rounded-md px-1.5 py-px text-[0.75rem] font-semibold whitespace-nowrap ${chipTones[tone]}`}
    >
      {children}
    </span>
  )
}

const chipTones = {
  calm: 'bg-accent-soft text-accent-deep',
  danger: 'bg-danger-soft text-danger',
  still: 'bg-sunk text-soft',
} as const
