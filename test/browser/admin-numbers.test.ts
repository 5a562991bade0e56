import assert from 'node:assert/strict'
import { test } from 'node:test'
import { byMinute, columns } from '../../web/src/admin/figures.ts'
import { age, bytes, rate, span, took } from '../../web/src/admin/numbers.ts'

test('spans are told in their two largest units, and a limit below a minute exactly', () => {
  const cases = [
    [90 * 60_000, '1 hour 30 minutes', '1시간 30분'],
    [30 * 86_400_000, '30 days', '30일'],
    [86_400_000 + 5 * 60_000, '1 day 5 minutes', '1일 5분'],
    [1_500, '1.5 seconds', '1.5초'],
    [25_000, '25 seconds', '25초'],
    [60_000, '1 minute', '1분'],
    [50, '50 ms', '50ms'],
    [0, '0 ms', '0ms'],
  ] as const
  for (const [ms, en, ko] of cases) assert.deepEqual([span(ms, 'en'), span(ms, 'ko')], [en, ko])
  assert.equal(age(13_456, 'ko', 'long'), '13초')
  assert.equal(age(20, 'en', 'long'), '1 second')
})

test('what was not measured is a dash, and what was too short to tell is not nothing', () => {
  assert.deepEqual(
    [null, 0.2, 12.4, 1_250].map((ms) => took(ms, 'ko')),
    ['–', '< 1ms', '12ms', '1.25초'],
  )
  assert.deepEqual([rate(0.25, 'en'), rate(1234.5, 'ko')], ['0.3', '1,235'])
  assert.deepEqual([bytes(65_536, 'ko'), bytes(1_572_864, 'en')], ['64kB', '1.5 MB'])
})

const point = (at: number, more: object = {}) => ({
  at,
  connections: 1,
  sessions: 1,
  messagesPerSecond: 2,
  deliveriesPerSecond: 0,
  deliveryP99Ms: null,
  ackP99Ms: null,
  backlog: 0,
  load: 0,
  memory: 0,
  nodes: 1,
  ...more,
})

test('a chart breaks its line where nothing was measured, and does not for one late answer', () => {
  const points = [point(2_000), point(4_000), point(9_000), point(30_000)]
  assert.deepEqual(
    columns({ everyMs: 2_000, points }, (each) => each.messagesPerSecond),
    [
      [2_000, 4_000, 9_000, 11_000, 30_000],
      [2, 2, 2, null, 2],
    ],
  )
})

test('the table has a row for each minute, the newest first: means of rates, the worst of waits', () => {
  const rows = byMinute([
    point(10_000, { messagesPerSecond: 4, deliveryP99Ms: 7, backlog: 3 }),
    point(50_000, { messagesPerSecond: 0, deliveryP99Ms: null }),
    point(61_000),
  ])
  assert.deepEqual(
    rows.map(({ at, messagesPerSecond, deliveryP99Ms, backlog }) => [at, messagesPerSecond, deliveryP99Ms, backlog]),
    [
      [60_000, 2, null, 0],
      [0, 2, 7, 3],
    ],
  )
})
