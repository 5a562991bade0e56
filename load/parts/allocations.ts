/**
 * What the server's main thread allocates to deliver: `node load/parts/allocations.ts [members …]`. One hot room with so many
 * members (100 and 1,000 unless told otherwise), 1,000 messages a second; V8's sampling heap profiler counts what is
 * allocated, what was collected since included. Bytes a delivery, and the functions that most of them come from.
 */
import { WebSocket } from 'ws'
import { freePort } from '../../deploy/local/free-port.ts'
import { nowMicros, sleep } from '../generator/clock.ts'
import { crowd } from '../generator/crowd.ts'
import { Fleet } from '../generator/fleet.ts'
import { number, renderTable } from '../measure/report.ts'
import { Yeoul } from '../servers/yeoul-server.ts'

const RATE = 1_000
const TALKERS = 20
const WARM_UP_SECONDS = 3
const SECONDS = 5
/** Bytes between two samples, on average. */
const INTERVAL = 4_096
const SHOWN = 12

interface Node {
  callFrame: { functionName: string; url: string; lineNumber: number }
  selfSize: number
  children: Node[]
}

/** The debugger of a process on this machine, spoken to over its WebSocket. */
class Inspector {
  readonly #ws: WebSocket
  #last = 0

  private constructor(ws: WebSocket) {
    this.#ws = ws
  }

  static async connect(port: number): Promise<Inspector> {
    const targets = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as {
      webSocketDebuggerUrl: string
    }[]
    const ws = new WebSocket(targets[0]!.webSocketDebuggerUrl, { maxPayload: 0 })
    await new Promise((resolve, reject) => ws.on('open', resolve).on('error', reject))
    return new Inspector(ws)
  }

  ask<T>(method: string, params: object = {}): Promise<T> {
    const id = ++this.#last
    return new Promise((resolve, reject) => {
      const hear = (data: Buffer) => {
        const answer = JSON.parse(data.toString()) as { id?: number; result: T; error?: { message: string } }
        if (answer.id !== id) return
        this.#ws.off('message', hear)
        if (answer.error === undefined) resolve(answer.result)
        else reject(new Error(`${method}: ${answer.error.message}`))
      }
      this.#ws.on('message', hear)
      this.#ws.send(JSON.stringify({ id, method, params }))
    })
  }

  close(): void {
    this.#ws.close()
  }
}

async function allocationsOf(members: number) {
  const port = await freePort()
  const yeoul = await Yeoul.start(members, { NODE_OPTIONS: `--inspect=127.0.0.1:${port}` })
  try {
    const room = await yeoul.createRoom('hot', yeoul.people)
    const groups = crowd([{ room, people: yeoul.people }], TALKERS, 1)
    const fleet = await Fleet.open(yeoul.server.target, groups)
    const inspector = await Inspector.connect(port)
    try {
      const startAt = nowMicros() + 300_000
      const windowFrom = startAt + WARM_UP_SECONDS * 1e6
      const plan = { bodyLength: 64, startAt, windowFrom, windowTo: windowFrom + SECONDS * 1e6 }
      const running = fleet.run(
        groups.map(() => ({ ...plan, rate: RATE })),
        15_000,
      )
      await sleep((windowFrom - nowMicros()) / 1000)
      await inspector.ask('HeapProfiler.startSampling', {
        samplingInterval: INTERVAL,
        includeObjectsCollectedByMajorGC: true,
        includeObjectsCollectedByMinorGC: true,
      })
      await sleep(SECONDS * 1000)
      const { profile } = await inspector.ask<{ profile: { head: Node } }>('HeapProfiler.stopSampling')
      await running
      const { tally } = await fleet.totals()
      const places = new Map<string, number>()
      addPlaces(profile.head, places)
      return { members, places, deliveries: tally.deliveredInWindow, writes: tally.framesInWindow }
    } finally {
      inspector.close()
      await fleet.close()
    }
  } finally {
    await yeoul.stop()
  }
}

function addPlaces({ callFrame, selfSize, children }: Node, places: Map<string, number>): void {
  const { functionName, url, lineNumber } = callFrame
  const place = `${functionName || '(anonymous)'} ${url.split('/').at(-1)}:${lineNumber + 1}`
  if (selfSize > 0) places.set(place, (places.get(place) ?? 0) + selfSize)
  for (const child of children) addPlaces(child, places)
}

const sizes = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [100, 1_000]
for (const members of sizes) {
  const { places, deliveries, writes } = await allocationsOf(members)
  const total = [...places.values()].reduce((sum, size) => sum + size, 0)
  const top = [...places].sort((a, b) => b[1] - a[1]).slice(0, SHOWN)
  console.log(
    renderTable({
      title: `${members} members, ${RATE} messages/s: ${number(deliveries)} deliveries in ${number(writes)} writes`,
      columns: ['allocated by', 'bytes a message', 'bytes a write', 'bytes a delivery'],
      rows: [['all of the main thread', total] as const, ...top].map(([place, size]) => [
        place,
        number(size / (RATE * SECONDS)),
        number(size / writes),
        (size / deliveries).toFixed(3),
      ]),
    }),
    '\n',
  )
}
