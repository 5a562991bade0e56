import type { IncomingMessage } from 'node:http'
import { BlockList, isIP, isIPv4 } from 'node:net'

/** Tells a client's address behind proxies that are trusted to say it. */
export class ClientAddresses {
  readonly #trusted = new BlockList()

  /** `trusted`: addresses, or ranges in CIDR notation. */
  constructor(trusted: readonly string[]) {
    for (const entry of trusted) {
      const [address = '', prefix] = entry.split('/')
      const family = isIPv4(address) ? 'ipv4' : 'ipv6'
      if (prefix === undefined) this.#trusted.addAddress(address, family)
      else this.#trusted.addSubnet(address, Number(prefix), family)
    }
  }

  /**
   * The address of the client: the socket's, or, when a trusted proxy holds the socket, the last one in `X-Forwarded-For`
   * that is not itself a trusted proxy. Only what trusted proxies appended is believed: clients can write the rest.
   */
  of(request: IncomingMessage): string {
    let address = plain(request.socket.remoteAddress ?? '')
    const forwarded = request.headers['x-forwarded-for']
    if (forwarded === undefined) return address
    const hops = (Array.isArray(forwarded) ? forwarded.join(',') : forwarded).split(',')
    while (hops.length > 0 && this.#trusts(address)) {
      const hop = plain((hops.pop() as string).trim())
      if (isIP(hop) === 0) break
      address = hop
    }
    return address
  }

  /** Whether a request comes from this machine itself, not through a proxy on it. */
  isLocal(request: IncomingMessage): boolean {
    const address = plain(request.socket.remoteAddress ?? '')
    return request.headers['x-forwarded-for'] === undefined && isIP(address) !== 0 && LOOPBACK.check(...asked(address))
  }

  #trusts(address: string): boolean {
    return isIP(address) !== 0 && this.#trusted.check(...asked(address))
  }
}

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

function asked(address: string): [string, 'ipv4' | 'ipv6'] {
  return [address, isIPv4(address) ? 'ipv4' : 'ipv6']
}

/** IPv4 that a dual-stack socket reports as `::ffff:192.0.2.1`, as IPv4. */
function plain(address: string): string {
  return address.startsWith('::ffff:') && isIPv4(address.slice(7)) ? address.slice(7) : address
}

/**
 * What limits count by: an IPv4 address, or the /64 network of an IPv6 one, since one customer has 2^64 of those.
 */
export function limitKey(address: string): string {
  if (!address.includes(':')) return address
  const [head = '', tail] = address.split('%', 1)[0]!.split('::')
  const front = head === '' ? [] : head.split(':')
  const back = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? [] : new Array<string>(Math.max(0, 8 - front.length - back.length)).fill('0')
  return [...front, ...zeros, ...back].slice(0, 4).join(':')
}
