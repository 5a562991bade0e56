import type { PoolOptions } from './pool.ts'

/** Tells once that the database went away, and once that it is back, however many calls meet it. */
export function outagesTo(log: (message: string) => void): Pick<PoolOptions, 'lost' | 'answered'> {
  let away = false
  return {
    lost(error) {
      if (!away) log(`database: a connection was lost (${error.message})`)
      away = true
    },
    answered() {
      if (away) log('database: it answers')
      away = false
    },
  }
}
