import type { Message } from '../../src/protocol/model.ts'
import { Latency } from '../measure/latency.ts'
import { nowMicros, sleep } from './clock.ts'
import { HttpClient } from './http-client.ts'

export interface PagesPlan {
  host: string
  port: number
  token: string
  room: string
  /** Messages stand at every seq from `first` to `last`. */
  first: number
  last: number
  /** Pages a second, evenly spaced; every other one is the newest, the rest begin anywhere. */
  rate: number
  pageSize: number
  warmUpSeconds: number
  seconds: number
}

export interface PagesRead {
  pages: number
  failed: number
  /** Pages that were not the contiguous run that was asked for. */
  wrong: number
  /** Encoded; from the time a page was due to its last byte. */
  newest: string
  anywhere: string
}

/** Reads pages of one room's history over keep-alive connections, each at the time it is due. */
export async function readPages(plan: PagesPlan): Promise<PagesRead> {
  const client = new HttpClient(plan.host, 32)
  const newest = new Latency()
  const anywhere = new Latency()
  const read: Omit<PagesRead, 'newest' | 'anywhere'> = { pages: 0, failed: 0, wrong: 0 }
  const start = nowMicros() + 50_000
  const windowFrom = start + plan.warmUpSeconds * 1e6
  const total = Math.floor((plan.warmUpSeconds + plan.seconds) * plan.rate)
  const open: Promise<void>[] = []
  for (let i = 0; i < total; i++) {
    const due = start + (i * 1e6) / plan.rate
    await sleep((due - nowMicros()) / 1000)
    const before =
      i % 2 === 0
        ? null
        : plan.first + plan.pageSize + Math.floor(Math.random() * (plan.last - plan.first - plan.pageSize))
    open.push(
      getPage(plan, client, before).then(
        (items) => {
          if (due >= windowFrom) (before === null ? newest : anywhere).record(nowMicros() - due)
          read.pages++
          if (!isPage(items, (before ?? plan.last + 1) - 1, plan.pageSize)) read.wrong++
        },
        () => {
          read.failed++
        },
      ),
    )
  }
  await Promise.all(open)
  client.close()
  return { ...read, newest: newest.encode(), anywhere: anywhere.encode() }
}

async function getPage(plan: PagesPlan, client: HttpClient, before: number | null): Promise<Message[]> {
  const path = `/api/v1/rooms/${plan.room}/messages?limit=${plan.pageSize}${before === null ? '' : `&before=${before}`}`
  const { status, body } = await client.ask({ port: plan.port, method: 'GET', path, token: plan.token })
  if (status !== 200) throw new Error(`status ${status}`)
  return (JSON.parse(body.toString()) as { items: Message[] }).items
}

/** Whether these are the `size` messages that end at seq `last`, in rising order. */
function isPage(items: Message[], last: number, size: number): boolean {
  return items.length === size && items.every((item, i) => item.seq === last - size + 1 + i && item.body !== null)
}
