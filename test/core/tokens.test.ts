import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, test } from 'node:test'
import { deriveKey } from '../../src/core/secrets.ts'
import { type TokenOptions, Tokens } from '../../src/core/tokens.ts'
import type { ErrorCode } from '../../src/protocol/errors.ts'

const SECRET = 'a secret of this server, long enough'
const ACTOR = { user: 'u1', sid: 's1', role: 'user' as const }
const nothingEnded = { has: () => false }

const make = (options: Partial<TokenOptions> = {}, ended: { has(sid: string): boolean } = nothingEnded) =>
  Tokens.create({ secret: SECRET, issuer: 'https://chat.example', ...options }, ended)

const refused = (code: ErrorCode) => (error: unknown) => (error as { code?: string }).code === code

/** The parts of a token, changed, and signed again with a key of the attacker's choice. */
function forge(
  token: string,
  change: { header?: object; claims?: object },
  key: Buffer | string = deriveKey(SECRET, 'access tokens'),
): string {
  const [header = '', claims = ''] = token.split('.')
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString())
  const write = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const content = `${write({ ...read(header), ...change.header })}.${write({ ...read(claims), ...change.claims })}`
  return `${content}.${createHmac('sha256', key).update(content).digest('base64url')}`
}

describe('access tokens', () => {
  test('a token says who asks, and until when', async () => {
    const tokens = await make({ lifeMs: 60_000 })
    const { token, expiresAt } = await tokens.sign(ACTOR)
    assert.deepEqual(await tokens.verify(token), { ...ACTOR, expiresAt })
    assert.ok(Math.abs(expiresAt - Date.now() - 60_000) < 2_000)
  })

  test('forging with the right key is possible, so that the refusals below mean something', async () => {
    const tokens = await make()
    const { token } = await tokens.sign(ACTOR)
    assert.equal((await tokens.verify(forge(token, { claims: { sub: 'u2' } }))).user, 'u2')
  })

  const attacks: Record<string, (token: string) => string> = {
    'no algorithm': (token) =>
      `${forge(token, { header: { alg: 'none' } })
        .split('.')
        .slice(0, 2)
        .join('.')}.`,
    'no algorithm, but a signature': (token) => forge(token, { header: { alg: 'none' } }),
    'another algorithm': (token) => forge(token, { header: { alg: 'HS512' } }),
    'another key': (token) => forge(token, {}, 'another key'),
    'an empty key': (token) => forge(token, {}, ''),
    'a kid that is not ours': (token) => forge(token, { header: { kid: '../../dev/null' } }, ''),
    'no kid': (token) => forge(token, { header: { kid: undefined } }),
    'a key of its own in the header': (token) =>
      forge(token, { header: { kid: undefined, jwk: { kty: 'oct', k: 'a2V5' } } }, 'key'),
    'a critical header that nobody knows': (token) => forge(token, { header: { crit: ['x'], x: 1 } }),
    'another type': (token) => forge(token, { header: { typ: 'JWT' } }),
    'another issuer': (token) => forge(token, { claims: { iss: 'https://evil.example' } }),
    'another audience': (token) => forge(token, { claims: { aud: 'other' } }),
    'no expiry': (token) => forge(token, { claims: { exp: undefined } }),
    'an expiry that is no number': (token) => forge(token, { claims: { exp: '9999999999' } }),
    'no sid': (token) => forge(token, { claims: { sid: undefined } }),
    'an object as sid': (token) => forge(token, { claims: { sid: {} } }),
    'a role that does not exist': (token) => forge(token, { claims: { role: 'owner' } }),
    'a time to come as its beginning': (token) =>
      forge(token, { claims: { nbf: Math.floor(Date.now() / 1_000) + 60 } }),
    'a changed signature': (token) => `${token.slice(0, -4)}AAAA`,
    'a cut token': (token) => token.slice(0, 40),
    'no token': () => '',
  }
  for (const [name, attack] of Object.entries(attacks)) {
    test(`refused: ${name}`, async () => {
      const tokens = await make()
      const { token } = await tokens.sign(ACTOR)
      await tokens.verify(token)
      await assert.rejects(tokens.verify(attack(token)), refused('unauthenticated'))
    })
  }

  test('a token ends 5 s after its expiry, remembered or not', async () => {
    let now = 1_800_000_000_000
    const tokens = await make({ lifeMs: 60_000, now: () => now })
    const { token } = await tokens.sign(ACTOR)
    const { token: unseen } = await tokens.sign({ ...ACTOR, sid: 's2' })
    now += 64_000
    await tokens.verify(token)
    now += 1_000
    await assert.rejects(tokens.verify(token), refused('token_expired'))
    await assert.rejects(tokens.verify(unseen), refused('token_expired'))
  })

  test('the end of a login is seen at once, remembered or not', async () => {
    const ended = new Set<string>()
    const tokens = await make({}, ended)
    const { token } = await tokens.sign(ACTOR)
    const { token: unseen } = await tokens.sign({ ...ACTOR, role: 'admin' })
    await tokens.verify(token)
    ended.add(ACTOR.sid)
    await assert.rejects(tokens.verify(token), refused('session_ended'))
    await assert.rejects(tokens.verify(unseen), refused('session_ended'))
  })

  test('after a change of the secret, tokens of the one before are good and new ones are made with the new one', async () => {
    const before = await make()
    const { token } = await before.sign(ACTOR)
    const after = await make({ secret: 'another secret of this server', previousSecret: SECRET })
    assert.equal((await after.verify(token)).user, ACTOR.user)
    const { token: next } = await after.sign(ACTOR)
    await assert.rejects(before.verify(next), refused('unauthenticated'))
    const later = await make({ secret: 'another secret of this server' })
    await assert.rejects(later.verify(token), refused('unauthenticated'))
    assert.equal((await later.verify(next)).user, ACTOR.user)
  })

  test('[P6] the memory of verified tokens has a limit, and forgetting costs nothing but time', async () => {
    const tokens = await make({ cached: 2 })
    const signed = await Promise.all(['s1', 's2', 's3', 's4'].map((sid) => tokens.sign({ ...ACTOR, sid })))
    for (const round of [1, 2]) {
      for (const { token } of signed) assert.ok((await tokens.verify(token)).sid, `round ${round}`)
    }
  })
})
