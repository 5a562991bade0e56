/**
 * What the bus costs: `node load/parts/bus-cost.ts [seconds] [partitions]`. One Redis of its own on this machine, one node that publishes and two
 * that hear, each a process; 500 rooms. For each size of batch: CPU of Redis, of the publisher and of one
 * hearer, in microseconds for each notice, which holds also where the machine is shared.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { startRedis } from '../../deploy/local/redis.ts'
import { RedisBus } from '../../src/adapters/redis/bus.ts'
import { RedisLink } from '../../src/adapters/redis/connection.ts'
import { newId } from '../../src/core/ids.ts'

const SECONDS = Number(process.argv[2] ?? 3)
const ROOMS = 500
const PARTITIONS = Number(process.argv[3] ?? 64)
const BODY = '안녕하세요, this is a message of about the usual length.'
/** Clock ticks of /proc in a second: the same on every Linux that Node runs on. */
const TICKS = 100

interface Case {
  name: string
  /** Notices that one turn of the event loop publishes. */
  batch: number
  /** Notices in a second. */
  rate: number
  users?: boolean
}

const CASES: Case[] = [
  { name: 'messages, 1 at a time', batch: 1, rate: 1_000 },
  { name: 'messages, 1 at a time', batch: 1, rate: 4_000 },
  { name: 'messages, 10 at a time', batch: 10, rate: 4_000 },
  { name: 'messages, 100 at a time', batch: 100, rate: 10_000 },
  { name: 'read cursors, 100 at a time', batch: 100, rate: 10_000, users: true },
]

interface Heard {
  notices: number
  /** In microseconds. */
  cpu: number
}

async function openBus(url: string) {
  const link = await RedisLink.open({ urls: url })
  return { link, bus: new RedisBus({ link, partitions: PARTITIONS, node: newId() }) }
}

/** A process that hears all rooms, and tells how much when it is asked. */
async function hear(): Promise<void> {
  const { bus } = await openBus(process.env.BUS_URL as string)
  let notices = 0
  const count = () => {
    notices++
  }
  bus.listen({ room: count, user: count, missed() {}, usersMissed() {} })
  for (const room of JSON.parse(process.env.BUS_ROOMS as string)) bus.addInterest(room)
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send?.({ notices, cpu: user + system } satisfies Heard)
  })
  process.on('disconnect', () => process.exit())
  process.send?.('ready')
}

/** CPU that a process has used so far, in microseconds. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return ((Number(fields[11]) + Number(fields[12])) * 1_000_000) / TICKS
}

function ownCpu(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

function ask(child: ChildProcess): Promise<Heard> {
  return new Promise((resolve) => {
    child.once('message', (heard) => resolve(heard as Heard))
    child.send('how much?')
  })
}

async function measure(): Promise<void> {
  const redis = await startRedis()
  const rooms = Array.from({ length: ROOMS }, () => newId())
  const env = { ...process.env, BUS_URL: redis.url, BUS_ROOMS: JSON.stringify(rooms) }
  const hearers = [1, 2].map(() => fork(import.meta.filename, process.argv.slice(2), { env }))
  await Promise.all(hearers.map((child) => new Promise((resolve) => child.once('message', resolve))))
  const { link, bus } = await openBus(redis.url)
  bus.listen({ room() {}, user() {}, missed() {}, usersMissed() {} })
  await sleep(1_500)

  /** Runs a case; `quiet`: all but the publishing, for what the loop itself costs. */
  const run = async ({ batch, rate, users }: Case, quiet: boolean) => {
    const before = { redis: cpuOf(redis.pid), own: ownCpu(), heard: await Promise.all(hearers.map(ask)) }
    const pushes = bus.stats().published
    const began = performance.now()
    let sent = 0
    while (performance.now() - began < SECONDS * 1_000) {
      if (sent >= ((performance.now() - began) / 1_000) * rate) {
        await sleep(1)
        continue
      }
      for (const end = sent + batch; sent < end; ) {
        const room = rooms[(sent * 197) % ROOMS] as string
        const seq = sent++
        if (quiet) continue
        if (users) bus.publishToUser(room, { kind: 'read', room, seq, n: seq, by: room })
        else {
          const at = 1_700_000_000_000 + seq
          const message = { type: 'message', seq, at, actor: room, n: seq, clientMessageId: room, body: BODY } as const
          bus.publish(room, { kind: 'events', epoch: 1, events: [message] })
        }
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
    await sleep(200)
    const heard = await Promise.all(hearers.map(ask))
    const cost = heard.map((one, i) => one.cpu - (before.heard[i]?.cpu ?? 0))
    const notices = heard.map((one, i) => one.notices - (before.heard[i]?.notices ?? 0))
    const costs = {
      redis: cpuOf(redis.pid) - before.redis,
      publisher: ownCpu() - before.own,
      hearer: cost.reduce((a, b) => a + b) / cost.length,
    }
    return { sent, notices, pushes: bus.stats().published - pushes, ...costs }
  }

  console.log('                             notices/s  pushes/s   µs of CPU for each notice:')
  console.log('                                                   Redis  publisher  hearer')
  for (const one of CASES) {
    const idle = await run(one, true)
    const busy = await run(one, false)
    if (busy.notices.some((count) => count !== busy.sent)) console.log(`heard ${busy.notices} of ${busy.sent}`)
    const each = (part: 'redis' | 'publisher' | 'hearer') =>
      Math.max(0, (busy[part] - idle[part]) / busy.sent).toFixed(1)
    const perSecond = (count: number) => String(Math.round(count / SECONDS))
    console.log(
      one.name.padEnd(28),
      perSecond(busy.sent).padStart(9),
      perSecond(busy.pushes).padStart(9),
      each('redis').padStart(12),
      each('publisher').padStart(10),
      each('hearer').padStart(7),
    )
  }
  for (const child of hearers) child.disconnect()
  await bus.close()
  link.close()
  await redis.stop()
}

await (process.env.BUS_URL === undefined ? measure() : hear())
