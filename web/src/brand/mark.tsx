/** The mark: three streams over a stone, one of them breaking into a glint. */
export function Mark({ className = 'size-8', flowing = false }: { className?: string; flowing?: boolean }) {
  return (
    <svg viewBox="0 0 32 32" className={`${className} ${flowing ? 'flow' : ''}`} aria-hidden="true">
      <rect width="32" height="32" rx="9" fill="#0e6a6c" />
      <g fill="none" strokeLinecap="round" strokeWidth="2.6">
        <path stroke="#eafaf5" d="M6 11.2c3.4-3.4 6.6-3.4 10 0s6.6 3.4 10 0" />
        <path stroke="#8fded0" d="M6 17c3.4-3.4 6.6-3.4 10 0 1.7 1.7 3.3 2.55 5 2.55" />
        <path stroke="#4fb8ae" d="M6 22.8c3.4-3.4 6.6-3.4 10 0s6.6 3.4 10 0" />
      </g>
      <circle cx="25.1" cy="17.3" r="1.7" fill="#ffd76a" />
    </svg>
  )
}

export function Wordmark() {
  return (
    <span className="flex items-center gap-2.5">
      <Mark />
      <span className="text-[1.2rem] leading-none font-bold tracking-tight" translate="no">
        여울<span className="ms-1.5 text-[0.8rem] font-medium tracking-normal text-faint">Yeoul</span>
      </span>
    </span>
  )
}
