const sizes = {
  tiny: 'size-6 rounded-lg text-[0.75rem]',
  small: 'size-9 rounded-xl text-[0.9375rem]',
  medium: 'size-11 rounded-2xl text-[1.0625rem]',
  large: 'size-16 rounded-3xl text-[1.625rem]',
} as const

interface AvatarProps {
  id: string
  name: string
  size?: keyof typeof sizes
  online?: boolean
}

/** The first letter of a name on a hue of its own, with a dot for those who are here. For the eye only: the name stands beside it. */
export function Avatar({ id, name, size = 'medium', online = false }: AvatarProps) {
  return (
    <span aria-hidden="true" className="relative inline-flex shrink-0">
      <span
        data-hue={hueOf(id)}
        className={`hue inline-flex items-center justify-center font-bold select-none ${sizes[size]}`}
      >
        {firstLetter(name)}
      </span>
      {online && <span className="absolute -end-0.5 -bottom-0.5 size-3 rounded-full border-2 border-paper bg-live" />}
    </span>
  )
}

/** The end of a UUIDv7 is random; its beginning is only the time. */
function hueOf(id: string): number {
  let sum = 0
  for (let i = Math.max(0, id.length - 8); i < id.length; i++) sum = (sum * 31 + id.charCodeAt(i)) | 0
  return Math.abs(sum) % 8
}

const segments = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

function firstLetter(name: string): string {
  for (const { segment } of segments.segment(name.trim())) return segment.toUpperCase()
  return '·'
}
