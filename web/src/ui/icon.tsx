/** The page's icons: 24-unit outlines drawn with one pen, so that no icon font or package is needed. */
const paths = {
  plus: 'M12 5v14M5 12h14',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM20 20l-4-4',
  jump: 'M5 6h9M5 12h5M5 18h4M16.5 18a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM21 20l-2-2.5',
  back: 'M15 5l-7 7 7 7',
  close: 'M6 6l12 12M18 6L6 18',
  people:
    'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2.5 20c.6-3.6 3-5.5 6.5-5.500s5.9 1.9 6.5 5.500M16 4.300a3.5 3.5 0 0 1 0 6.400M18.5 14.900c1.7.9 2.7 2.6 3 5.1',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  send: 'M12 19V5M5.5 11.500L12 5l6.5 6.5',
  smile:
    'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM8.5 14.500c.8 1.2 2 1.8 3.5 1.800s2.7-.6 3.5-1.800M9 9.500h.01M15 9.500h.01',
  reply: 'M9 7L4 12l5 5M4.5 12H14c3.3 0 6 2.2 6 6',
  edit: 'M4 20l1-4.500L16.5 4l3.5 3.500L8.5 19 4 20ZM14 6.500l3.5 3.5',
  trash: 'M4.5 7h15M9.5 7V4.500h5V7M6.5 7l.8 12.500h9.400L17.5 7M10 11v5M14 11v5',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  link: 'M10 14a4 4 0 0 0 6 .4l3-3a4.2 4.2 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6-.4l-3 3a4.2 4.2 0 0 0 6 6l1-1',
  down: 'M12 5v14M5.5 12.500L12 19l6.5-6.5',
  up: 'M12 19V5M5.5 11.500L12 5l6.5 6.5',
  check: 'M5 12.500l4.5 4.500L19 7.5',
  alert: 'M12 8v5M12 16.500h.01M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z',
  retry: 'M4.5 12a7.5 7.5 0 0 1 13-5.100L20 9.500M20 4.500v5h-5M19.5 12a7.5 7.5 0 0 1-13 5.100L4 14.500M4 19.500v-5h5',
  eye: 'M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12ZM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z',
  eyeOff:
    'M4 4l16 16M9.9 5.800A8.6 8.6 0 0 1 12 5.500c6 0 9.5 6.5 9.5 6.500a16 16 0 0 1-2.8 3.500M6.2 7.500A15.7 15.7 0 0 0 2.5 12s3.5 6.5 9.5 6.500c1.4 0 2.7-.4 3.8-.9M10 10a3 3 0 0 0 4 4',
  leave: 'M14 4.500H5.500v15H14M10 12h10.500M17 8.500l3.5 3.5-3.5 3.5',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.600L7 7M17 17l1.4 1.400M18.4 5.600L17 7M7 17l-1.4 1.4',
  globe: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM3.5 12h17M12 3.200c5 5 5 12.6 0 17.600M12 3.200c-5 5-5 12.6 0 17.6',
  lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  wave: 'M3 9c3-3 6-3 9 0s6 3 9 0M3 15c3-3 6-3 9 0s6 3 9 0',
  bell: 'M6 16.500V11a6 6 0 0 1 12 0v5.500l1.5 1.5h-15l1.5-1.5ZM10 20.500c.5.6 1.200.9 2 .9s1.5-.3 2-.9',
  bellOff:
    'M4 4l16 16M8.300 6.300A6 6 0 0 1 18 11v3.500M6.200 9.500c-.1.5-.2 1-.2 1.500v5.500L4.500 18H17M10 20.500c.5.6 1.200.9 2 .9s1.5-.3 2-.9',
  chat: 'M4 5h16v11H11l-4.5 3.500V16H4z',
} as const

export type IconName = keyof typeof paths

export function Icon({ name, className = 'size-5' }: { name: IconName; className?: string }) {
  return (
    <svg
      viewBox="0 0 24 24"
      className={`${className} shrink-0`}
      fill="none"
      stroke="currentColor"
      strokeWidth={name === 'more' ? 2.6 : 1.8}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={paths[name]} />
    </svg>
  )
}
