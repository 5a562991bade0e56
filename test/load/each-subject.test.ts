import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { eachSubject } from '../../load/subjects/each.ts'
import type { Subject } from '../../load/subjects/subject.ts'

/** Subjects that keep a diary of their starts and stops. */
function diary(names: string[], failing: string | null = null) {
  const entries: string[] = []
  const running = new Set<string>()
  const plans = names.map((name) => ({
    name,
    start(): Promise<Subject> {
      if (name === failing) return Promise.reject(new Error(`${name} does not start`))
      entries.push(`start ${name}`)
      running.add(name)
      const stop = () => {
        entries.push(`stop ${name}`)
        running.delete(name)
        return Promise.resolve()
      }
      return Promise.resolve({
        targets: [],
        memberships: [],
        cpuSeconds: 0,
        residentBytes: 0,
        storedMessages: () => Promise.resolve(null),
        stop,
      })
    },
  }))
  return { entries, running, plans }
}

const step = () => {}

test('one after the other, nothing else runs beside a subject', async () => {
  const { entries, running, plans } = diary(['a', 'b'])
  for await (const { plan } of eachSubject(plans, { together: false, step }))
    assert.deepEqual([...running], [plan.name])
  assert.deepEqual(entries, ['start a', 'stop a', 'start b', 'stop b'])
})

test('together, all run from the beginning to the end', async () => {
  const { entries, plans } = diary(['a', 'b'])
  const seen: string[] = []
  for await (const { plan } of eachSubject(plans, { together: true, step })) {
    assert.equal(entries.length, 2)
    seen.push(plan.name)
  }
  assert.deepEqual(seen, ['a', 'b'])
  assert.deepEqual(entries.slice(2).sort(), ['stop a', 'stop b'])
})

for (const together of [false, true])
  describe(together ? 'together' : 'one after the other', () => {
    test('a measurement that fails leaves nothing running', async () => {
      const { running, plans } = diary(['a', 'b'])
      await assert.rejects(async () => {
        for await (const { plan } of eachSubject(plans, { together, step })) throw new Error(`broken at ${plan.name}`)
      }, /broken at a/)
      assert.deepEqual([...running], [])
    })

    test('a subject that does not start is told, and leaves nothing running', async () => {
      const { running, plans } = diary(['a', 'b', 'c'], 'b')
      await assert.rejects(async () => {
        for await (const _ of eachSubject(plans, { together, step }));
      }, /b does not start/)
      assert.deepEqual([...running], [])
    })
  })
