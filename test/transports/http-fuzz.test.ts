import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import type { Room } from '../../src/protocol/model.ts'
import { newPerson } from '../support/people.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { Contract, type Operation } from './http-contract.ts'

const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31)
const RUNS = 25

type Json = Record<string, unknown>

let server: TestServer
let api: Contract
/** Ids of rooms and users that exist, and tokens that let in: so that input gets past the first check. */
const rooms: string[] = []
const users: string[] = []
const tokens: string[] = []
let epoch = 0

before(async () => {
  console.log(`SEED=${SEED}`)
  server = await startTestServer({ rateLimit: false })
  api = await Contract.of(server.url)
  for (let i = 0; i < 3; i++) {
    const person = await newPerson(server)
    users.push(person.id)
    tokens.push(person.accessToken)
  }
  tokens.push(server.config.apiKey as string)
})
after(() => server[Symbol.asyncDispose]())

/** A room of each kind, with messages; in place of those that a test before may have ended. */
async function makeRooms(): Promise<void> {
  const [owner = '', other = ''] = tokens
  const make = async (body: object) => (await api.call<Room>('POST', '/rooms', { token: owner, body })).body
  const made = [
    await make({ title: 'open' }),
    await make({ title: 'group', kind: 'group', memberIds: [users[1]] }),
    await make({ kind: 'direct', memberIds: [users[1]] }),
  ]
  rooms.splice(0, rooms.length, ...made.map((room) => room.id))
  epoch = made[0]?.position.epoch ?? 0
  await api.call('POST', `/rooms/${rooms[0]}/join`, { token: other })
  for (const room of rooms) {
    for (let i = 0; i < 10; i++) {
      const body = { clientMessageId: crypto.randomUUID(), body: `message ${i}` }
      await api.call('POST', `/rooms/${room}/messages`, { token: owner, body })
    }
  }
}

/** What breaks naive code: what databases cannot hold, what looks like something else, what is far too much. */
const NASTY: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    -1,
    0.5,
    1e308,
    Number.MAX_SAFE_INTEGER,
    2 ** 53,
    '',
    ' ',
    '\0',
    'a\0b',
    '\ud800',
    '\udfff\ud800',
    '\u202e',
    '\n',
    '%00',
    '%',
    '..',
    '../../etc/passwd',
    "'; drop table users; --",
    '{}',
    '[object Object]',
    'constructor',
    'NaN',
    '9'.repeat(30),
    '１２',
    'İ'.repeat(40),
    '👨‍👩‍👧‍👦'.repeat(20),
    'x'.repeat(10_000),
    [],
    {},
    [[[[[[]]]]]],
    { $gt: '' },
    { toString: 1, valueOf: 1 },
    JSON.parse('{"__proto__": {"polluted": true}}'),
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.jsonValue({ maxDepth: 2 }),
)

/** Something that fits a schema; ids are of rooms and users that exist, mostly. */
function fitting(schema: Json, name: string): fc.Arbitrary<unknown> {
  if (schema.enum !== undefined) return fc.constantFrom(...(schema.enum as unknown[]))
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.anyOf !== undefined) return fc.oneof(...(schema.anyOf as Json[]).map((one) => fitting(one, name)))
  const known = name === 'room' ? rooms : name === 'user' || name === 'memberIds' ? users : null
  if (known !== null && schema.type === 'string') return mostly(fc.constantFrom(...known), fc.uuid({ version: 7 }))
  if (name === 'epoch') return mostly(fc.constant(epoch), fc.nat())
  if (name === 'fileIds') return fc.constant([])
  const types = [schema.type].flat() as string[]
  return fc.oneof(...types.map((type) => fittingType(type, schema, name)))
}

function mostly<T>(usual: fc.Arbitrary<T>, rare: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight: 5, arbitrary: usual }, rare)
}

function fittingType(type: string, schema: Json, name: string): fc.Arbitrary<unknown> {
  switch (type) {
    case 'null':
      return fc.constant(null)
    case 'boolean':
      return fc.boolean()
    case 'integer': {
      const min = (schema.minimum as number | undefined) ?? 0
      const max = (schema.maximum as number | undefined) ?? 1_000
      return fc.oneof(fc.integer({ min, max: Math.min(max, min + 20) }), fc.constant(max))
    }
    case 'array':
      return fc.array(fitting(schema.items as Json, name), { maxLength: 3 })
    case 'object': {
      if (schema.properties === undefined) {
        return fc.dictionary(fc.constantFrom('flushMs', 'x'), fitting(schema.additionalProperties as Json, name))
      }
      const required = (schema.required ?? []) as string[]
      const properties = Object.entries(schema.properties as Record<string, Json>)
      return fc.record(Object.fromEntries(properties.map(([key, value]) => [key, fitting(value, key)])), {
        requiredKeys: required,
      } as { requiredKeys: never[] })
    }
    default: {
      if (name === 'ids')
        return fc.array(fc.constantFrom(...users), { minLength: 1, maxLength: 3 }).map((ids) => ids.join())
      if (name === 'username') return fc.stringMatching(/^[a-z][a-z0-9]{5,15}$/)
      if (schema.pattern !== undefined && schema.pattern !== '\\S') return fc.uuid({ version: 7 })
      const minLength = Math.max(1, (schema.minLength as number | undefined) ?? 0)
      const maxLength = Math.min((schema.maxLength as number | undefined) ?? 100, 200)
      const unit = fc.constantFrom(...'abcXYZ019 .-_@가각힣ㄱ漢字é¿\'"<>&/\\')
      return fc
        .string({ unit, minLength: minLength + 1, maxLength: Math.max(maxLength - 1, minLength + 1) })
        .map((s) => `x${s.slice(1)}`)
    }
  }
}

/** The same with something in it replaced, dropped or added, or something else altogether. */
function broken(schema: Json, name: string): fc.Arbitrary<unknown> {
  if (schema.type !== 'object' || schema.properties === undefined) return fc.oneof(NASTY, fitting(schema, name))
  const keys = Object.keys(schema.properties as Json)
  const mutated = fc
    .tuple(fitting(schema, name), fc.constantFrom(...keys), fc.oneof(NASTY, fc.constant(undefined)), fc.boolean())
    .map(([value, key, nasty, more]) => ({ ...(value as Json), [key]: nasty, ...(more && { extra: nasty }) }))
  return fc.oneof({ weight: 4, arbitrary: mutated }, NASTY)
}

/** Mostly what is required alone, or with one more: what excludes another is seldom there with it. */
function sparse(
  all: Record<string, fc.Arbitrary<unknown>>,
  { requiredKeys }: { requiredKeys: string[] },
): fc.Arbitrary<Json> {
  const optional = Object.keys(all).filter((key) => !requiredKeys.includes(key))
  const some = mostly(fc.subarray(optional, { maxLength: Math.min(1, optional.length) }), fc.subarray(optional))
  return fc.record({ value: fc.record(all), some }).map(({ value, some }) => {
    return Object.fromEntries(Object.entries(value).filter(([key]) => requiredKeys.includes(key) || some.includes(key)))
  })
}

interface Input {
  token: string | undefined
  path: Json
  query: Json
  body: unknown
}

function inputs(operation: Operation, of: (schema: Json, name: string) => fc.Arbitrary<unknown>): fc.Arbitrary<Input> {
  const part = (where: 'path' | 'query') =>
    sparse(
      Object.fromEntries(operation.parameters.filter((p) => p.in === where).map((p) => [p.name, of(p.schema, p.name)])),
      { requiredKeys: operation.parameters.filter((p) => p.in === where && p.required).map((p) => p.name) },
    )
  return fc.record({
    token: fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom<string | undefined>(...tokens) },
      fc.constantFrom(undefined, 'x.y.z'),
    ),
    path: part('path'),
    query: part('query'),
    body: operation.body === null ? fc.constant(undefined) : of(operation.body.schema, 'body'),
  })
}

const asText = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))

async function call(operation: Operation, { token, path, query, body }: Input) {
  const filled = operation.template.replaceAll(/\{(.+?)\}/g, (_, name: string) => inPath(asText(path[name])))
  const search = new URLSearchParams(Object.entries(query).map(([key, value]) => [key, asText(value) ?? '']))
  const url = search.size > 0 ? `${filled}?${search}` : filled
  const answer = await api.call(operation.method, url, {
    token,
    ...(body !== undefined && { raw: asText(body) as string, body }),
  })
  assert.ok(answer.status < 500, `${operation.method} ${url}: ${answer.status}`)
  return answer
}

/** One segment of a path: empty ones and dots would make another path of it. */
function inPath(text: string | undefined): string {
  if (text === undefined || text === '' || /^\.+$/.test(text)) return '-'
  return encodeURIComponent(text.toWellFormed())
}

/** Every operation; those that end memberships and then rooms last, so that the others find some. */
function operations(): Operation[] {
  const rank = ({ method, template }: Operation) => {
    if (method === 'DELETE' && template.endsWith('/{room}')) return 2
    return /leave|ban|members\/\{user\}$/.test(template) ? 1 : 0
  }
  return api.operations.toSorted((a, b) => rank(a) - rank(b))
}

/** Those that compute password hashes, or have no input, run less often. */
const few = ({ template }: Operation) =>
  /password|register|login/.test(template) || !template.startsWith('/api/') ? 6 : RUNS

test('input that fits the document is answered as the document says, never with 5xx', async () => {
  await makeRooms()
  let succeeded = 0
  for (const operation of operations()) {
    await fc.assert(
      fc.asyncProperty(inputs(operation, fitting), async (input) => {
        const answer = await call(operation, input)
        if (answer.status < 300) succeeded++
      }),
      { seed: SEED, numRuns: few(operation), interruptAfterTimeLimit: 5_000 },
    )
  }
  assert.ok(succeeded > 150, `only ${succeeded} calls succeeded: the generator is too far from the truth`)
})

test('broken input is a problem document with a known code, never 5xx', async () => {
  await makeRooms()
  for (const operation of operations()) {
    await fc.assert(
      fc.asyncProperty(inputs(operation, broken), (input) => call(operation, input).then(() => {})),
      { seed: SEED, numRuns: few(operation) * 2, interruptAfterTimeLimit: 5_000 },
    )
  }
  assert.equal(({} as Json).polluted, undefined)
})

test('bodies that are no JSON, cut JSON, or JSON without an end in sight', async () => {
  await makeRooms()
  const bodies = [
    '',
    ' ',
    '{',
    '{"username":"a","username":{}}',
    '['.repeat(100_000),
    `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`,
    '\ufeff{}',
    '"text"',
    '1e999',
    'undefined',
    '{"username":"\\ud800","password":"\\u0000aaaaaaaaa"}',
  ]
  for (const operation of api.operations.filter((o) => o.body !== null)) {
    const path = operation.template.replaceAll(
      /\{(.+?)\}/g,
      (_, name: string) => (name === 'room' ? rooms[0] : users[0]) as string,
    )
    for (const raw of bodies) await api.call(operation.method, path, { token: tokens[0], raw })
  }
  const invalidUtf8 = await fetch(`${server.url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: Buffer.from('7b22757365726e616d65223a22ff22', 'hex'),
  })
  assert.equal(invalidUtf8.status, 400)
})

test('headers that make no sense', async () => {
  const nonsense = fc.string({ unit: fc.constantFrom(...'abc,;=" /*0-\t'), maxLength: 30 })
  const names = [
    'Accept',
    'Accept-Encoding',
    'Cookie',
    'If-None-Match',
    'Origin',
    'X-Forwarded-For',
    'X-Yeoul',
    'Content-Type',
  ]
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...names),
      nonsense,
      fc.constantFrom('/', '/docs', '/api/v1/auth/refresh', '/metrics'),
      async (name, value, path) => {
        const answer = await fetch(server.url + path, {
          method: path.startsWith('/api') ? 'POST' : 'GET',
          headers: { [name]: value.trim() },
          ...(path.startsWith('/api') && { body: '{}' }),
        })
        await answer.arrayBuffer()
        assert.ok(answer.status < 500, `${name}: ${value} → ${answer.status}`)
      },
    ),
    { seed: SEED, numRuns: 150, interruptAfterTimeLimit: 10_000 },
  )
})
