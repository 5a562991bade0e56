import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, unlinkSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { verifyStore } from '../../src/adapters/sql/index.ts'
import { PATIENCE_MS } from '../support/patience.ts'
import { newPerson } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import { TestSocket } from '../support/socket.ts'
import { assertWitnessed, eventually, Follower, Writer } from '../support/witnesses.ts'

/** A disk of `mebibytes` of its own, or null where this user may not mount one. */
function smallDisk(t: TestContext, mebibytes: number): string | null {
  const folder = mkdtempSync(join(tmpdir(), 'yeoul-disk-'))
  const run = (...command: string[]) => spawnSync(command[0] as string, command.slice(1)).status === 0
  const root = process.getuid?.() === 0 ? [] : ['sudo', '-n']
  const mounted = run(...root, 'mount', '-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=777`, 'tmpfs', folder)
  t.after(() => {
    if (mounted) run(...root, 'umount', '-l', folder)
    rmSync(folder, { recursive: true, force: true })
  })
  return mounted ? folder : null
}

/** Takes all the space that is left; the answer gives it back. */
function fill(disk: string): () => void {
  const path = join(disk, 'ballast')
  const file = openSync(path, 'w')
  for (let size = 1_048_576; size >= 512; size /= 2) {
    const block = Buffer.alloc(size)
    try {
      while (writeSync(file, block) > 0);
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC')
    }
  }
  closeSync(file)
  return () => unlinkSync(path)
}

test('[P1] on a full disk sends get storage_full, reading goes on, and sending again needs space alone, no restart', async (t) => {
  const dataDir = smallDisk(t, 16)
  if (dataDir === null) return t.skip('only root can mount a small disk; the store’s own limit is tested with its port')
  await using server = await startTestServer({ dataDir })
  const owner = await newPerson(server)
  const other = await newPerson(server)
  const { body } = await owner.call<{ id: string }>('POST', '/rooms', { title: 'a room on a small disk' })
  const room = body.id
  await other.call('POST', `/rooms/${room}/join`)
  const writer = new Writer(server.url, owner)
  const follower = new Follower(server.url, other, [room])
  t.after(() => {
    writer.line.stop()
    follower.line.stop()
  })
  for (let i = 0; i < 20; i++) writer.send(room)
  await eventually(
    () => writer.unacked === 0,
    () => 'the first messages',
  )

  for (let round = 0; round < 2; round++) {
    const free = fill(dataDir)
    writer.refusals.clear()
    // What SQLite has of the disk already takes some more.
    await eventually(
      async () => {
        writer.send(room, '가득 찬 디스크 '.repeat(500))
        await sleep(5)
        return (writer.refusals.get('storage_full') ?? 0) > 0
      },
      () => `no send was refused: ${[...writer.refusals]}`,
    )
    assert.deepEqual([...writer.refusals.keys()], ['storage_full'])

    const socket = await TestSocket.hello(server.url, other.accessToken)
    const { messages } = await socket.ok<{ messages: unknown[] }>('subscribe', { room })
    assert.ok(messages.length > 0)
    socket.close()
    assert.equal((await other.call('GET', `/rooms/${room}/messages?limit=200`)).status, 200)
    assert.equal((await other.call('GET', `/rooms/${room}/members`)).status, 200)
    assert.equal((await other.call('GET', '/me/rooms')).status, 200)
    assert.equal((await fetch(`${server.url}/readyz`)).status, 200)
    // A checkpoint may have made some room again in what SQLite has.
    const made = () =>
      owner.call<{ code: string; retryable: boolean }>('POST', `/rooms/${room}/messages`, {
        clientMessageId: crypto.randomUUID(),
        body: '가득 찬 디스크 '.repeat(500),
      })
    let answer = await made()
    for (const end = performance.now() + PATIENCE_MS; answer.status === 201 && performance.now() < end; )
      answer = await made()
    assert.deepEqual([answer.status, answer.body.code, answer.body.retryable], [507, 'storage_full', true])

    free()
    await assertWitnessed({
      rooms: [room],
      reader: other,
      writers: [writer],
      followers: [follower],
    })
  }
  assert.equal(writer.line.cuts + follower.line.cuts, 0, 'nobody was disconnected')
  await server.close()
  assert.deepEqual((await verifyStore(join(dataDir, 'yeoul.db'))).problems, [])
})
