import { YeoulError } from '../protocol/errors.ts'
import { TokenBuckets } from './token-buckets.ts'

/**
 * How often passwords may be guessed. Three buckets, since one alone either lets a guesser try from many addresses or lets
 * anyone lock an account's owner out: a tight one for an account from one address, a wide one for the account from
 * everywhere, and one for the address. What succeeds does not count.
 */
export class LoginLimits {
  readonly #accountFromAddress = new TokenBuckets({ burst: 10, perSecond: 1 / 10 })
  readonly #account = new TokenBuckets({ burst: 100, perSecond: 1 / 30 })
  readonly #address = new TokenBuckets({ burst: 50, perSecond: 1 })
  /** An office that signs up together shares one address. */
  readonly #registrations = new TokenBuckets({ burst: 100, perSecond: 1 / 2 })

  /** Counts an attempt to log in before it is made. Throws `rate_limited`. */
  attempt(account: string, address: string): void {
    refuseAfter(this.#address.take(address))
    refuseAfter(this.#accountFromAddress.take(`${account} ${address}`))
    refuseAfter(this.#account.take(account))
  }

  /** The attempt succeeded: it does not count. */
  succeeded(account: string, address: string): void {
    this.#address.giveBack(address)
    this.#accountFromAddress.giveBack(`${account} ${address}`)
    this.#account.giveBack(account)
  }

  /** Counts a registration. Throws `rate_limited`. */
  registration(address: string): void {
    refuseAfter(this.#registrations.take(address))
  }
}

function refuseAfter(waitMs: number): void {
  if (waitMs > 0) throw new YeoulError('rate_limited', 'Too many attempts; wait before the next one.', waitMs)
}
