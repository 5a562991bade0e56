import { Parked } from '../adapters/sql/postgres/parked.ts'
import type { Config } from '../config.ts'
import { Failure } from './failure.ts'

/** `yeoul parked list`: entries of the Redis log that could not be written to the database; without what they hold. */
export async function listParked(config: Config): Promise<void> {
  await withParked(config, async (parked) => {
    const entries = await parked.list()
    for (const { id, room, seq, why, tries, at } of entries)
      console.log(`${id}  ${new Date(at).toISOString()}  room ${room}  seq ${seq}  ${tries} tries  ${why}`)
    console.log(entries.length === 0 ? 'No entry is parked.' : `${entries.length} parked.`)
  })
}

/** `yeoul parked retry ID|all`: exit code 1 when an entry was refused once more. */
export async function retryParked(config: Config, which: string): Promise<void> {
  await withParked(config, async (parked) => {
    for (const pk of await chosen(parked, which)) {
      const retried = await parked.retry(pk)
      if (retried === null) continue
      console.log(retried.ok ? `${pk} is written.` : `${pk} is refused again: ${retried.why}`)
      if (!retried.ok) process.exitCode = 1
    }
  })
}

/** `yeoul parked drop ID|all`: what they hold is lost; their places stay empty. */
export async function dropParked(config: Config, which: string): Promise<void> {
  await withParked(config, async (parked) => {
    for (const pk of await chosen(parked, which)) {
      if (await parked.drop(pk)) console.log(`${pk} is dropped.`)
    }
  })
}

async function chosen(parked: Parked, which: string): Promise<number[]> {
  const known = (await parked.list()).map(({ id }) => id)
  if (which === 'all') return known
  if (!known.includes(Number(which))) throw new Failure(`No parked entry ${which}; see \`yeoul parked list\`.`)
  return [Number(which)]
}

async function withParked(config: Config, work: (parked: Parked) => Promise<void>): Promise<void> {
  if (config.databaseUrl === null)
    throw new Failure('Entries are parked in the database of a cluster: give YEOUL_DATABASE_URL.')
  const parked = await Parked.open(config.databaseUrl).catch((error: Error) => {
    throw new Failure(`The database cannot be reached: ${error.message}`)
  })
  try {
    await work(parked)
  } finally {
    await parked.close()
  }
}
