import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { climb, highest } from '../../load/measure/climb.ts'
import { treeCpuSeconds } from '../../load/measure/processes.ts'

/** A server that holds every rate up to `limit`, and whose use of the machine is what it can do at most of that. */
function serverUpTo(limit: number) {
  const tried: number[] = []
  return {
    tried,
    run: async (rate: number) => {
      tried.push(rate)
      return { rate, failure: rate <= limit ? null : 'too much', used: rate / limit, result: rate }
    },
  }
}

for (const [limit, first] of [
  [3_170, 1_000],
  [640, 1_000],
  [20_000, 1_000],
] as const) {
  test(`the highest rate of a server that holds ${limit}/s is found from ${first}/s on`, async () => {
    const server = serverUpTo(limit)
    const found = highest(await climb(first, server.run))?.rate ?? 0
    assert.ok(found <= limit && found > limit * 0.9, `${found} of ${limit}, after ${server.tried}`)
    assert.ok(server.tried.length <= 9, `${server.tried}`)
  })
}

test('a server that holds nothing has no highest rate, and the search ends', async () => {
  const server = serverUpTo(0)
  assert.equal(highest(await climb(1_000, server.run)), null)
  assert.ok(server.tried.length <= 9, `${server.tried}`)
})

test('the time of a process holds that of what it started, while that runs and after it has ended', async (t) => {
  const busy = 'while (process.cpuUsage().user < 400_000);'
  const parent = spawn('sh', ['-c', '"$0" -e "$1"; echo done; read line', process.execPath, busy])
  t.after(() => parent.kill())
  const before = treeCpuSeconds(parent.pid!)
  assert.ok(before < 0.3, `${before} s at the start`)
  await once(parent.stdout, 'data')
  assert.ok(treeCpuSeconds(parent.pid!) >= 0.3, 'the child that has ended is counted')
  assert.ok(treeCpuSeconds(process.pid) > treeCpuSeconds(parent.pid!), 'this process holds all of its own')
  parent.stdin.end('\n')
  await once(parent, 'exit')
})
