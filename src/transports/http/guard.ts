import type { MiddlewareHandler } from 'hono'
import { TokenBuckets } from '../../core/token-buckets.ts'
import { YeoulError } from '../../protocol/errors.ts'
import { ClientAddresses, limitKey } from './client-address.ts'
import type { HttpDeps, HttpEnv } from './deps.ts'

const PER_USER = { burst: 200, perSecond: 50 }
/** Many users may share an address. */
const PER_ADDRESS = { burst: 2_000, perSecond: 500 }

export interface Guard {
  /** Learns the client's address and counts the request on it. */
  counted: MiddlewareHandler<HttpEnv>
  /** Lets in whoever has a valid access token, and counts the request on its user. */
  authenticated: MiddlewareHandler<HttpEnv>
}

/** Who may come in, and how often. */
export function createGuard(deps: HttpDeps): Guard {
  const addresses = new ClientAddresses(deps.options.trustedProxies)
  const perAddress = new TokenBuckets(PER_ADDRESS)
  const perUser = new TokenBuckets(PER_USER)

  return {
    counted: (c, next) => {
      const incoming = c.env?.incoming
      const from = incoming === undefined ? '' : addresses.of(incoming)
      const address = limitKey(from)
      c.set('from', from)
      c.set('address', address)
      if (deps.options.rateLimit) refuseAfter(perAddress.take(address))
      return next()
    },
    authenticated: async (c, next) => {
      const actor = await deps.tokens.verify(bearer(c.req.header('Authorization')))
      if (deps.options.rateLimit) refuseAfter(perUser.take(actor.user))
      c.set('actor', actor)
      await next()
    },
  }
}

/** The token of an `Authorization: Bearer` header. Throws `unauthenticated` when there is none. */
export function bearer(header: string | undefined): string {
  const token = header === undefined ? null : /^Bearer +(.*\S) *$/i.exec(header)
  if (token === null) throw new YeoulError('unauthenticated')
  return token[1] as string
}

function refuseAfter(waitMs: number): void {
  if (waitMs > 0) throw new YeoulError('rate_limited', undefined, waitMs)
}
