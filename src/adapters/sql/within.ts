import { YeoulError } from '../../protocol/errors.ts'

/** Rejects `unavailable` when `done` takes longer than `ms`. */
export async function within(ms: number, done: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new YeoulError('unavailable', 'The database does not answer.')), ms)
  })
  try {
    await Promise.race([done, late])
  } finally {
    clearTimeout(timer)
  }
}
