import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newPerson, type Person } from '../support/people.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { assertWitnessed, eventually, Follower, Writer } from '../support/witnesses.ts'

const CLIENTS = 300

/** What `/metrics` says of a name with its labels. */
async function metric(server: TestServer, name: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text()
  const line = text.split('\n').find((one) => one.startsWith(`${name} `))
  assert.ok(line !== undefined, `${name} is measured`)
  return Number(line.slice(name.length + 1))
}

test(`[P4] ${CLIENTS} clients, all cut at once, come back with their positions: no hole, no database read, no password hash`, async (t) => {
  await using server = await startTestServer()
  const owner = await newPerson(server)
  const { body } = await owner.call<{ id: string }>('POST', '/rooms', { title: 'a storm' })
  const room = body.id
  const people: Person[] = []
  for (let i = 0; i < CLIENTS / 50; i++) {
    const some = await Promise.all(Array.from({ length: 50 }, () => newPerson(server)))
    for (const person of some) await person.call('POST', `/rooms/${room}/join`)
    people.push(...some)
  }
  const writer = new Writer(server.url, owner)
  const followers = people.map((person) => new Follower(server.url, person, [room]))
  t.after(() => {
    for (const { line } of [writer, ...followers]) line.stop()
  })
  const atHead = () => followers.every((one) => one.head(room) >= CLIENTS + 1)
  await eventually(atHead, () => 'not all have subscribed')

  // The only reads go on by themselves: every 2 s which logins have ended and which roles have changed, every second the
  // version of the settings.
  const polls = (from: number) =>
    [1_000, 2_000, 2_000].reduce((n, ms) => n + Math.ceil((performance.now() - from) / ms) + 1, 0)
  const reads = await metric(server, 'yeoul_store_reads_total')
  const hashes = await metric(server, 'yeoul_password_hashes_total')
  const fromLog = await metric(server, 'yeoul_recoveries_total{result="log"}').catch(() => 0)
  const began = performance.now()
  for (let i = 0; i < 5; i++) writer.send(room)
  for (const { line } of followers) line.cut()
  for (let i = 0; i < 95; i++) writer.send(room)
  await eventually(
    () => followers.every((one) => one.line.live && one.line.cuts === 1),
    () => `${followers.filter((one) => one.line.live).length} are back`,
  )
  await eventually(
    () => followers.every((one) => one.head(room) === CLIENTS + 101),
    () => 'not all have recovered',
  )
  const tookMs = Math.round(performance.now() - began)
  const readSince = (await metric(server, 'yeoul_store_reads_total')) - reads
  assert.ok(readSince <= polls(began), `${readSince} database reads in ${tookMs} ms`)
  assert.equal(await metric(server, 'yeoul_password_hashes_total'), hashes)
  assert.equal(await metric(server, 'yeoul_recoveries_total{result="log"}').catch(() => 0), fromLog)
  t.diagnostic(`all recovered within ${tookMs} ms`)
  await assertWitnessed({ rooms: [room], reader: owner, writers: [writer], followers })
})
