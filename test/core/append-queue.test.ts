import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { AppendQueue } from '../../src/core/append-queue.ts'
import type { Appended, Draft, Log, MessageDraft } from '../../src/ports/log.ts'
import { YeoulError } from '../../src/protocol/errors.ts'
import { countingMetrics } from '../support/metrics.ts'

function draft(name: string): MessageDraft {
  return {
    type: 'message',
    room: 'room',
    actor: 'somebody',
    clientMessageId: name,
    body: name,
    replyTo: null,
    mentions: [],
    files: [],
    retry: false,
  }
}

/** A log that answers when the test says so. */
function scripted(limit = 10_000, answerMs = 10_000, batchMax = () => 1_000, restMaxMs = 8) {
  const batches: { drafts: string[]; resolve(): void; reject(error: Error): void }[] = []
  const appended: string[][] = []
  const failures: unknown[] = []
  let seq = 0
  const log = {
    append(drafts: Draft[]) {
      const names = drafts.map((one) => (one as MessageDraft).clientMessageId)
      const { promise, resolve, reject } = Promise.withResolvers<Appended[]>()
      const results = () =>
        names.map((): Appended => ({ ok: true, epoch: 1, seq: ++seq, n: seq, at: 0, duplicate: false }))
      batches.push({ drafts: names, resolve: () => resolve(results()), reject })
      return promise
    },
  } as unknown as Log
  const queue = new AppendQueue({
    log,
    limit: () => limit,
    batchMax,
    restMaxMs,
    answerMs,
    metrics: countingMetrics(),
    appended: (drafts) => appended.push(drafts.map((one) => (one as MessageDraft).clientMessageId)),
    failed: (error) => failures.push(error),
  })
  return { queue, batches, appended, failures }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))
/** Longer than the rest between two batches. */
const rest = () => sleep(20)
const told: Appended[] = []
const tell = (result: Appended) => void told.push(result)

test('a lone draft is dispatched at once; what comes while a batch is under way makes up the next, in order', async () => {
  const { queue, batches, appended } = scripted()
  queue.push(draft('a'), tell)
  await turn()
  assert.deepEqual(batches[0]?.drafts, ['a'])
  for (const name of ['b', 'c', 'd']) queue.push(draft(name), tell)
  await turn()
  await turn()
  assert.equal(batches.length, 1, 'one batch at a time')
  batches[0]?.resolve()
  await rest()
  assert.deepEqual(batches[1]?.drafts, ['b', 'c', 'd'])
  assert.deepEqual(appended, [['a']])
})

test('under load batches begin some ms apart; when many wait, or after a quiet spell, at once', async () => {
  // A rest is eight times as long as the batch before it: here no machine is so busy that it is over already.
  const { queue, batches } = scripted(10_000, 10_000, () => 1_000, 60_000)
  queue.push(draft('a'), tell)
  await turn()
  await sleep(200)
  batches[0]?.resolve()
  queue.push(draft('b'), tell)
  await turn()
  await turn()
  assert.equal(batches.length, 1, 'a short rest')
  const startedAt = performance.now()
  for (let i = 0; i < 299; i++) queue.push(draft(`c${i}`), tell)
  await turn()
  assert.equal(batches[1]?.drafts.length, 300)
  batches[1]?.resolve()
  await turn()
  await sleep(8 * (performance.now() - startedAt) + 20)
  queue.push(draft('d'), tell)
  await turn()
  assert.deepEqual(batches[2]?.drafts, ['d'])
})

test('a batch holds no more than it may, as it is set now; a full one does not rest', async () => {
  let most = 1
  // Rests are long here: what is dispatched was dispatched for being full.
  const { queue, batches } = scripted(10_000, 10_000, () => most, 60_000)
  queue.push(draft('a'), tell)
  await turn()
  await sleep(50)
  for (const name of ['b', 'c', 'd', 'e', 'f', 'g']) queue.push(draft(name), tell)
  batches[0]?.resolve()
  await turn()
  batches[1]?.resolve()
  await turn()
  most = 3
  batches[2]?.resolve()
  await turn()
  // The rest after it is a multiple of the time that it took.
  await sleep(50)
  batches[3]?.resolve()
  await turn()
  assert.deepEqual(
    batches.map((batch) => batch.drafts),
    [['a'], ['b'], ['c'], ['d', 'e', 'f']],
    'g rests: two more would share its commit',
  )
  assert.equal(queue.pending, 1)
  queue.push(draft('h'), tell)
  queue.push(draft('i'), tell)
  await turn()
  assert.deepEqual(batches[4]?.drafts, ['g', 'h', 'i'])
})

test('[P6] nobody waits for a log that hangs; what it stores after all is published, and it goes on', async () => {
  const { queue, batches, appended } = scripted(10_000, 30)
  const results: [string, Appended][] = []
  const push = (name: string) => queue.push(draft(name), (result) => results.push([name, result]))
  push('a')
  await turn()
  push('b')
  await sleep(60)
  const unavailable = { ok: false, code: 'unavailable' }
  assert.deepEqual(results, [
    ['a', unavailable],
    ['b', unavailable],
  ])
  assert.equal(queue.pending, 1, 'the log still has a')
  batches[0]?.resolve()
  await rest()
  assert.deepEqual(appended, [['a']])
  assert.equal(batches.length, 1, 'b is given up')
  push('c')
  await turn()
  batches[1]?.resolve()
  await rest()
  assert.deepEqual(
    results.map(([name, { ok }]) => [name, ok]),
    [
      ['a', false],
      ['b', false],
      ['c', true],
    ],
  )
})

test('what a batch appended is published before any of its senders is told', async () => {
  const { queue, batches, appended } = scripted()
  let published: number | null = null
  queue.push(draft('a'), () => {
    published = appended.length
  })
  await turn()
  batches[0]?.resolve()
  await rest()
  assert.equal(published, 1)
})

test('who pushes from within an answer neither starts a second batch beside the first nor is forgotten', async () => {
  const { queue, batches } = scripted()
  queue.push(draft('a'), () => queue.push(draft('b'), tell))
  await turn()
  batches[0]?.resolve()
  await rest()
  queue.push(draft('c'), tell)
  await turn()
  await turn()
  assert.deepEqual(
    batches.map((batch) => batch.drafts),
    [['a'], ['b']],
    'c waits for b',
  )
  batches[1]?.resolve()
  await rest()
  assert.deepEqual(batches[2]?.drafts, ['c'])
  assert.equal(queue.pending, 1)
})

test('a batch that fails is told to each of its senders by its code, and the next one goes its way', async () => {
  const { queue, batches, appended, failures } = scripted()
  const results: Appended[] = []
  queue.push(draft('a'), (result) => results.push(result))
  queue.push(draft('b'), (result) => results.push(result))
  await turn()
  queue.push(draft('c'), (result) => results.push(result))
  batches[0]?.reject(new YeoulError('storage_full'))
  await rest()
  assert.deepEqual(results, [
    { ok: false, code: 'storage_full' },
    { ok: false, code: 'storage_full' },
  ])
  batches[1]?.reject(new Error('a fault of the program'))
  await rest()
  assert.deepEqual(results.at(-1), { ok: false, code: 'internal' })
  assert.equal(failures.length, 1, 'the operator is told of what no code names')
  assert.deepEqual(appended, [])
  queue.push(draft('d'), (result) => results.push(result))
  await turn()
  batches[2]?.resolve()
  await rest()
  assert.equal(results.at(-1)?.ok, true)
})

test('[P6] beyond its limit drafts are refused with overloaded, those under way included', async () => {
  const { queue, batches } = scripted(3)
  const refused: Appended[] = []
  const push = (name: string) => queue.push(draft(name), (result) => !result.ok && refused.push(result))
  push('a')
  await turn()
  for (const name of ['b', 'c', 'd', 'e']) push(name)
  assert.deepEqual(refused, [
    { ok: false, code: 'overloaded' },
    { ok: false, code: 'overloaded' },
  ])
  batches[0]?.resolve()
  await rest()
  push('f')
  assert.equal(refused.length, 2, 'there is room again')
})

test('drained resolves when every draft is answered, and at once when none waits', async () => {
  const { queue, batches } = scripted()
  await queue.drained()
  queue.push(draft('a'), tell)
  let drained = false
  const done = queue.drained().then(() => {
    drained = true
  })
  await turn()
  queue.push(draft('b'), tell)
  batches[0]?.resolve()
  await rest()
  assert.equal(drained, false)
  batches[1]?.resolve()
  await done
  assert.equal(queue.pending, 0)
})

test('[P2] whatever the timing, each draft is answered once, in the order of pushing, in batches of at most 1,000', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof({ weight: 3, arbitrary: fc.nat(700) }, fc.constant('answer'), fc.constant('fail')), {
        maxLength: 12,
      }),
      async (steps) => {
        const { queue, batches } = scripted(100_000)
        const answered: string[] = []
        let pushed = 0
        let next = 0
        const answer = async (fails: boolean) => {
          await turn()
          const batch = batches[next]
          if (batch === undefined) return
          next++
          if (fails) batch.reject(new YeoulError('unavailable'))
          else batch.resolve()
          await turn()
        }
        for (const step of steps) {
          if (typeof step === 'string') await answer(step === 'fail')
          else
            for (let i = 0; i < step; i++) {
              const name = String(pushed++)
              queue.push(draft(name), () => answered.push(name))
            }
        }
        while (queue.pending > 0) await answer(false)
        const all = Array.from({ length: pushed }, (_, i) => String(i))
        assert.deepEqual(answered, all)
        assert.deepEqual(
          batches.flatMap((batch) => batch.drafts),
          all,
        )
        assert.ok(batches.every((batch) => batch.drafts.length <= 1_000))
      },
    ),
    { numRuns: 50 },
  )
})
