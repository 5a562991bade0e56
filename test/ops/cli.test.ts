import assert from 'node:assert/strict'
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { api, startYeoul, temporaryFolder, yeoul } from './yeoul-process.ts'

const database = (dataDir: string): string => join(dataDir, 'yeoul.db')

/** A data folder with the demo in it. */
async function seeded(): Promise<string> {
  const dataDir = temporaryFolder()
  assert.equal((await yeoul(['seed', '--demo'], { dataDir })).code, 0)
  return dataDir
}

test('`yeoul config` prints each value and where it came from, and no secret', async () => {
  const env = { YEOUL_API_KEY: 'a key that nobody sees', YEOUL_LIMIT_WATCHED: '7' }
  const { code, stdout } = await yeoul(['config', '--port', '81'], { dataDir: '/nowhere', env })
  assert.equal(code, 0)
  assert.match(stdout, /^YEOUL_PORT +81 +flag --port$/m)
  assert.match(stdout, /^YEOUL_DATA_DIR +\/nowhere +env YEOUL_DATA_DIR$/m)
  assert.match(stdout, /^YEOUL_LIMIT_WATCHED +7 +env YEOUL_LIMIT_WATCHED$/m)
  assert.match(stdout, /^YEOUL_HOST +127\.0\.0\.1 +default$/m)
  assert.match(stdout, /^YEOUL_API_KEY +\*+ +env YEOUL_API_KEY$/m)
  assert.doesNotMatch(stdout, /nobody sees/)
})

test('`yeoul config` shows what an admin set at run time, also beside a server that runs; a damaged database is no obstacle', async () => {
  const dataDir = temporaryFolder()
  const env = { YEOUL_LIMIT_WATCHED: '7' }
  const server = await startYeoul({ dataDir, env })
  await yeoul(['user', 'create', 'root', '--admin', '--password-stdin'], { dataDir, input: 'long enough' })
  const { body } = await api(server.url, 'POST', '/auth/login', { username: 'root', password: 'long enough' })
  const token = body.accessToken as string
  const changes = { 'limits.watched': 9, registration: 'closed', flushMs: 3 }
  assert.equal((await api(server.url, 'PATCH', '/admin/config', { changes }, token)).status, 200)
  await api(server.url, 'PATCH', '/admin/config', { changes: { flushMs: null } }, token)
  const items = (await api(server.url, 'GET', '/admin/config', undefined, token)).body.items as {
    key: string
    source: string
  }[]
  const { stdout, stderr } = await yeoul(['config'], { dataDir, env })
  assert.equal(stderr, '')
  assert.match(stdout, /^YEOUL_LIMIT_WATCHED +9 +run time$/m)
  assert.match(stdout, /^YEOUL_REGISTRATION +closed +run time$/m)
  assert.match(stdout, /^YEOUL_FLUSH_MS +50 +default$/m)
  const sources = new Map(items.map((item) => [item.key, item.source]))
  assert.deepEqual(
    ['limits.watched', 'dataDir', 'flushMs'].map((key) => sources.get(key)),
    ['run time', 'env YEOUL_DATA_DIR', 'default'],
  )
  server.signal('SIGTERM')
  assert.equal(await server.exited, 0)

  writeFileSync(database(dataDir), 'this is no database, but long enough to be mistaken for one'.repeat(20))
  const damaged = await yeoul(['config'], { dataDir, env })
  assert.equal(damaged.code, 0)
  assert.match(damaged.stdout, /^YEOUL_LIMIT_WATCHED +7 +env YEOUL_LIMIT_WATCHED$/m)
  assert.match(damaged.stderr, /^yeoul: what was set at run time cannot be read, and is not shown: .+\n$/)
})

test('options that do not go together stop the start with one line, and nothing is made', async () => {
  const dataDir = join(temporaryFolder(), 'none')
  const { code, stdout, stderr } = await yeoul(['start'], { dataDir, env: { YEOUL_REDIS_URL: 'redis://127.0.0.1:1' } })
  assert.deepEqual([code, stdout], [1, ''])
  assert.match(stderr, /^yeoul: YEOUL_REDIS_URL needs YEOUL_DATABASE_URL: [^\n]+\n$/)
  assert.ok(!existsSync(dataDir))
})

test('an account that `yeoul user` makes works on a server that runs; a new password and a disabling take effect there', async () => {
  const dataDir = temporaryFolder()
  const server = await startYeoul({ dataDir })
  const login = (password: string) => api(server.url, 'POST', '/auth/login', { username: 'root', password })
  const user = (args: string[], input = '') => yeoul(['user', ...args], { dataDir, input })

  const made = await user(['create', 'root', '--admin', '--password-stdin'], 'the first password\n')
  assert.deepEqual(made, { code: 0, stdout: 'The admin root is made.\n', stderr: '' })
  const first = await login('the first password')
  assert.equal((first.body.user as { role: string }).role, 'admin')

  const twice = await user(['create', 'ROOT', '--password-stdin'], 'the first password\n')
  assert.deepEqual(twice, { code: 1, stdout: '', stderr: 'yeoul: The user name is taken.\n' })
  const short = await user(['create', 'other'], 'short\n')
  assert.deepEqual(short, { code: 1, stdout: '', stderr: 'yeoul: A password has 8 to 256 characters.\n' })

  assert.equal((await user(['password', 'root', '--password-stdin'], 'the second password')).code, 0)
  assert.equal((await login('the first password')).status, 401)
  assert.equal((await login('the second password')).status, 200)
  const spent = await api(server.url, 'POST', '/auth/refresh', { refreshToken: first.body.refreshToken })
  assert.equal(spent.status, 401)

  const last = await user(['disable', 'root'])
  assert.equal(last.stderr, 'yeoul: No admin would be left who can sign in; make somebody else an admin first.\n')
  assert.equal((await user(['create', 'second', '--admin', '--password-stdin'], 'a password of theirs')).code, 0)
  assert.equal((await user(['disable', 'root'])).code, 0)
  assert.equal((await login('the second password')).body.code, 'account_disabled')
  assert.match((await user(['list'])).stdout, /^root\troot\t\S+\tadmin, disabled$/m)
  assert.equal((await user(['enable', 'root'])).code, 0)
  assert.equal((await login('the second password')).status, 200)
  assert.equal((await user(['disable', 'nobody'])).stderr, 'yeoul: No such user.\n')

  const reset = await user(['reset', 'Root'])
  const token = /^ {2}http:\/\/localhost:\w+\/#reset=([\w-]{43})$/m.exec(reset.stdout)?.[1]
  const redeemed = await api(server.url, 'POST', '/auth/reset', { token, password: 'the third password' })
  assert.equal(redeemed.status, 200)
  assert.equal((await login('the second password')).status, 401)
  assert.equal((await login('the third password')).status, 200)
  assert.equal((await user(['reset', 'nobody'])).stderr, 'yeoul: No such user.\n')

  server.signal('SIGTERM')
  assert.equal(await server.exited, 0)
})

test('`yeoul setup-link` prints a new link until there is an admin', async () => {
  const dataDir = temporaryFolder()
  const link = await yeoul(['setup-link'], { dataDir, env: { YEOUL_PUBLIC_URL: 'https://chat.example.com' } })
  assert.match(link.stdout, /^ {2}https:\/\/chat\.example\.com\/#setup=[\w-]{43}$/m)
  await yeoul(['user', 'create', 'root', '--admin'], { dataDir, input: 'long enough' })
  assert.doesNotMatch((await yeoul(['setup-link'], { dataDir })).stdout, /#setup=/)
})

test('`yeoul seed --demo` makes rooms to look at, whose people can sign in; doing it again adds nothing', async () => {
  const dataDir = temporaryFolder()
  const counts = (): unknown => {
    const db = new DatabaseSync(database(dataDir), { readOnly: true })
    try {
      return db.prepare('SELECT (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM events) AS events').get()
    } finally {
      db.close()
    }
  }
  assert.equal((await yeoul(['seed', '--demo'], { dataDir })).code, 0)
  const before = counts()
  const server = await startYeoul({ dataDir })
  // Beside a server that runs.
  const again = await yeoul(['seed', '--demo'], { dataDir })
  assert.deepEqual(counts(), before)
  const password = /password (\S+)/.exec(again.stdout)?.[1]
  const username = /^ {2}(\S+) /m.exec(again.stdout)?.[1]
  const login = await api(server.url, 'POST', '/auth/login', { username, password })
  assert.equal(login.status, 200)
  const rooms = await api(server.url, 'GET', '/me/rooms', undefined, login.body.accessToken as string)
  const items = rooms.body.items as { lastMessage: { body: string | null } }[]
  assert.ok(items.length >= 3)
  assert.ok(items.every((item) => item.lastMessage !== null))
  server.signal('SIGTERM')
  assert.equal(await server.exited, 0)
  assert.equal((await yeoul(['verify'], { dataDir })).code, 0)
})

test('`yeoul verify` finds damage of every kind, names it, and ends with 1', async () => {
  const damages: [what: string, sql: string][] = [
    [
      'a hole in a room',
      'DELETE FROM events WHERE room_pk = 1 AND seq = (SELECT max(seq) - 2 FROM events WHERE room_pk = 1)',
    ],
    [
      'a lost last event',
      'DELETE FROM events WHERE room_pk = 1 AND seq = (SELECT max(seq) FROM events WHERE room_pk = 1)',
    ],
    ['a wrong head', 'UPDATE rooms SET seq = seq + 1 WHERE pk = 1'],
    ['a wrong message count', 'UPDATE rooms SET n = n - 1 WHERE pk = 1'],
    ['a wrong member count', 'UPDATE rooms SET member_count = member_count + 1 WHERE pk = 1'],
    ['an event of no room', 'UPDATE events SET room_pk = 999 WHERE room_pk = 1'],
    [
      'a member that does not exist',
      'PRAGMA foreign_keys = OFF; UPDATE members SET user_pk = 999 WHERE room_pk = 1 AND role > 0 AND user_pk = (SELECT max(user_pk) FROM members WHERE room_pk = 1)',
    ],
    ['text that a delete left', "UPDATE events SET body = 'still here' WHERE deleted_at IS NOT NULL"],
    ['a read cursor beyond the head', 'UPDATE members SET read_seq = 1000000, read_n = 1000000 WHERE room_pk = 1'],
  ]
  const source = await seeded()
  const sound = await yeoul(['verify'], { dataDir: source })
  assert.equal(sound.code, 0, sound.stdout)
  for (const [what, sql] of damages) {
    const dataDir = join(temporaryFolder(), 'data')
    mkdirSync(dataDir)
    copyFileSync(database(source), database(dataDir))
    const db = new DatabaseSync(database(dataDir))
    db.exec(sql)
    db.close()
    const found = await yeoul(['verify'], { dataDir })
    assert.equal(found.code, 1, `${what} is found:\n${found.stdout}`)
    assert.notEqual(found.stdout.trim(), '')
  }
})

test('`yeoul verify` without a database says so', async () => {
  const dataDir = temporaryFolder()
  const { code, stderr } = await yeoul(['verify'], { dataDir })
  assert.deepEqual([code, stderr], [1, `yeoul: There is no database in ${dataDir}; see --data-dir.\n`])
  assert.ok(!existsSync(database(dataDir)), 'and makes none')
})

test('[P2] a backup of a running server under load is whole; restored, it raises the epoch', async () => {
  const folder = temporaryFolder()
  const [dataDir, restored, copy] = ['data', 'restored', 'copy.db'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  const server = await startYeoul({ dataDir, env: { YEOUL_RATE_LIMIT: 'off' } })
  const account = { username: 'writer', password: 'long enough' }
  const token = (await api(server.url, 'POST', '/auth/register', account)).body.accessToken as string
  const room = (await api(server.url, 'POST', '/rooms', { title: 'busy' }, token)).body.id as string
  let writing = true
  let sent = 0
  const write = async (): Promise<void> => {
    while (writing) {
      const message = { clientMessageId: `m${sent++}`, body: 'x'.repeat(200) }
      assert.equal((await api(server.url, 'POST', `/rooms/${room}/messages`, message, token)).status, 201)
    }
  }
  const writers = [write(), write(), write(), write()]
  while (sent < 200) await new Promise((resolve) => setTimeout(resolve, 20))
  const atLeast = sent - writers.length
  const backup = await yeoul(['backup', copy], { dataDir })
  assert.equal(backup.code, 0, backup.stderr)
  const refused = await yeoul(['backup', copy], { dataDir })
  assert.deepEqual([refused.code, refused.stderr], [1, `yeoul: ${copy} is there already; a backup never overwrites.\n`])
  const inUse = await yeoul(['restore', copy, '--replace'], { dataDir })
  assert.deepEqual([inUse.code, inUse.stderr], [1, 'yeoul: The server runs on this database; stop it first.\n'])
  writing = false
  await Promise.all(writers)
  server.signal('SIGTERM')
  assert.equal(await server.exited, 0)

  assert.equal((await yeoul(['restore', copy], { dataDir: restored })).code, 0)
  const audit = await yeoul(['verify'], { dataDir: restored })
  assert.equal(audit.code, 0, audit.stdout)
  const again = await startYeoul({ dataDir: restored })
  const signedIn = await api(again.url, 'POST', '/auth/login', account)
  const found = await api(again.url, 'GET', `/rooms/${room}`, undefined, signedIn.body.accessToken as string)
  const { epoch, seq } = found.body.position as { epoch: number; seq: number }
  assert.ok(epoch > 1, 'a position from before the restore cannot be recovered')
  assert.ok(seq > atLeast && seq <= sent + 1, `the copy holds what was acknowledged before it: ${seq} of ${sent}`)
  again.signal('SIGTERM')
  assert.equal(await again.exited, 0)
})

test('`yeoul restore` keeps what was there, and only when asked', async () => {
  const dataDir = await seeded()
  const copy = join(temporaryFolder(), 'copy.db')
  assert.equal((await yeoul(['backup', copy], { dataDir })).code, 0)
  const refused = await yeoul(['restore', copy], { dataDir })
  assert.match(refused.stderr, /^yeoul: There is a database in .* already; --replace sets it aside\.\n$/)
  const { code, stdout } = await yeoul(['restore', copy, '--replace'], { dataDir })
  assert.equal(code, 0)
  const aside = /is now (.+)\.$/m.exec(stdout)?.[1] as string
  assert.ok(existsSync(aside))
  assert.equal((await yeoul(['verify'], { dataDir })).code, 0)
  const junk = await yeoul(['restore', import.meta.filename, '--replace'], { dataDir })
  assert.match(junk.stderr, /^yeoul: .*cli\.test\.ts cannot be restored: /)
  assert.equal((await yeoul(['verify'], { dataDir })).code, 0)
})
