import type { Surroundings } from './platform.ts'

/**
 * A UUIDv7 (RFC 9562): its first 48 bits are the time, so that ids made one after the other lie together in the server's
 * index. The rest is random.
 */
export function newMessageId(around: Pick<Surroundings, 'clock' | 'random'>): string {
  const time = Math.floor(around.clock.now()).toString(16).padStart(12, '0')
  const hex = (digits: number) =>
    Math.floor(around.random() * 16 ** digits)
      .toString(16)
      .padStart(digits, '0')
  const variant = (8 + Math.floor(around.random() * 4)).toString(16)
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(3)}-${variant}${hex(3)}-${hex(12)}`
}
