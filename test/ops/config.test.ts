import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { checkConfig, ensureSecrets, loadConfig, OPTION_ROWS } from '../../src/config.ts'

const folder = mkdtempSync(join(tmpdir(), 'yeoul-config-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const refusal = (env: Record<string, string>, flags: Record<string, string> = {}): string => {
  try {
    loadConfig({ env, flags })
  } catch (error) {
    return (error as Error).message
  }
  return assert.fail('the configuration was taken')
}

test('with nothing set every option has its default, and every default is within its own bounds', () => {
  const { config, origins } = loadConfig({ env: {} })
  assert.equal(config.port, 8080)
  assert.deepEqual(config.roles, ['gateway', 'api', 'worker'])
  assert.deepEqual([...new Set(Object.values(origins))], ['default'])
  for (const { key, option } of OPTION_ROWS) {
    if (typeof option.default !== 'number') continue
    assert.deepEqual(option.schema.safeParse(String(option.default)), { success: true, data: option.default }, key)
  }
})

test('a flag goes before the environment, and that before the default; each origin is told', () => {
  const env = { YEOUL_PORT: '1000', YEOUL_HOST: '0.0.0.0', YEOUL_LIMIT_BODY_LENGTH: '99' }
  const { config, origins } = loadConfig({ env, flags: { port: '0' } })
  assert.deepEqual([config.port, config.host, config.limits.bodyLength], [0, '0.0.0.0', 99])
  assert.deepEqual(
    [origins.port, origins.host, origins['limits.bodyLength'], origins.dataDir],
    ['flag --port', 'env YEOUL_HOST', 'env YEOUL_LIMIT_BODY_LENGTH', 'default'],
  )
})

test('a secret may stand in a file, white space around it ignored', () => {
  const path = join(folder, 'key')
  writeFileSync(path, ' sixteen-characters \n')
  const { config, origins } = loadConfig({ env: { YEOUL_API_KEY_FILE: path } })
  assert.equal(config.apiKey, 'sixteen-characters')
  assert.equal(origins.apiKey, 'file YEOUL_API_KEY_FILE')
})

test('an unknown variable stops the start and the nearest name is suggested', () => {
  assert.equal(refusal({ YEOUL_PROT: '1' }), 'YEOUL_PROT is no option of Yeoul; did you mean YEOUL_PORT?')
  assert.match(
    refusal({ YEOUL_TURBO_ENCABULATOR: '1' }),
    /^YEOUL_TURBO_ENCABULATOR is no option of Yeoul; `yeoul config` lists all$/,
  )
  assert.match(refusal({ YEOUL_PORT_FILE: '/x' }), /^YEOUL_PORT_FILE is no option/)
})

test('a bad value stops the start with one line that names it and says what it must be', () => {
  const bad: [Record<string, string>, RegExp][] = [
    [{ YEOUL_PORT: '65536' }, /^YEOUL_PORT must be a whole number from 0 to 65535, not "65536"$/],
    [{ YEOUL_PORT: '80.5' }, /^YEOUL_PORT must be a whole number/],
    [{ YEOUL_ROLES: 'api,cook' }, /^YEOUL_ROLES must be some of gateway, api, worker, not "api,cook"$/],
    [{ YEOUL_RATE_LIMIT: 'no' }, /^YEOUL_RATE_LIMIT must be on or off/],
    [{ YEOUL_LOG_LEVEL: 'loud' }, /^YEOUL_LOG_LEVEL must be one of trace, debug/],
    [{ YEOUL_PUBLIC_URL: 'chat.example.com' }, /^YEOUL_PUBLIC_URL must be an http or https address/],
    [
      { YEOUL_PUBLIC_URL: 'https://a.example/chat' },
      /^YEOUL_PUBLIC_URL must be an http or https address without a path/,
    ],
    [{ YEOUL_ALLOWED_ORIGINS: 'https://a.example,*' }, /^YEOUL_ALLOWED_ORIGINS must be a list of origins/],
    [{ YEOUL_TRUSTED_PROXIES: '10.0.0.0/33' }, /^YEOUL_TRUSTED_PROXIES must be a list of addresses/],
    [{ YEOUL_LIMIT_IN_FLIGHT: '511' }, /^YEOUL_LIMIT_IN_FLIGHT must be a whole number from 512/],
    [{ YEOUL_API_KEY_FILE: join(folder, 'absent') }, /^YEOUL_API_KEY_FILE: cannot read .*absent \(ENOENT\)$/],
    [{ YEOUL_API_KEY: 'x'.repeat(16), YEOUL_API_KEY_FILE: '/x' }, /^YEOUL_API_KEY and YEOUL_API_KEY_FILE are both set/],
  ]
  for (const [env, line] of bad) assert.match(refusal(env), line)
  assert.match(refusal({}, { port: '-1' }), /^--port must be a whole number/)
})

test('options that do not go together are refused in one line, and those of a cluster are taken', () => {
  const YEOUL_DATABASE_URL = 'postgres://yeoul:secret@127.0.0.1:1/yeoul'
  const YEOUL_REDIS_URL = 'redis://127.0.0.1:1,redis://127.0.0.1:2'
  const YEOUL_JWT_SECRET = 'x'.repeat(32)
  const check = (env: Record<string, string>) => checkConfig(loadConfig({ env }).config)
  const wrong: [env: Record<string, string>, line: RegExp][] = [
    [{ YEOUL_REDIS_URL }, /^YEOUL_REDIS_URL needs YEOUL_DATABASE_URL: /],
    [{ YEOUL_LOG: 'redis' }, /^YEOUL_LOG=redis needs YEOUL_REDIS_URL/],
    [{ YEOUL_LOG: 'redis', YEOUL_DATABASE_URL, YEOUL_JWT_SECRET }, /^YEOUL_LOG=redis needs YEOUL_REDIS_URL/],
    [{ YEOUL_DATABASE_URL, YEOUL_REDIS_URL }, /^YEOUL_DATABASE_URL needs YEOUL_JWT_SECRET/],
    [{ YEOUL_ROLES: 'gateway' }, /^YEOUL_ROLES leaves out api, worker: without YEOUL_REDIS_URL /],
    [{ YEOUL_ROLES: 'api,worker', YEOUL_DATABASE_URL, YEOUL_JWT_SECRET }, /^YEOUL_ROLES leaves out gateway: /],
    [{ YEOUL_DATABASE_URL: 'mysql://yeoul:secret@x/y' }, /^YEOUL_DATABASE_URL must be an address like postgres:/],
    [{ YEOUL_REDIS_URL: 'redis://a:secret@b,c:1' }, /^YEOUL_REDIS_URL must be an address like redis:/],
  ]
  for (const [env, line] of wrong) {
    assert.throws(
      () => check(env),
      ({ message }: Error) => line.test(message) && !/secret@|\n/.test(message),
      JSON.stringify(env),
    )
  }
  check({})
  check({ YEOUL_DATABASE_URL, YEOUL_JWT_SECRET })
  check({ YEOUL_DATABASE_URL, YEOUL_REDIS_URL, YEOUL_JWT_SECRET, YEOUL_ROLES: 'gateway', YEOUL_LOG: 'redis' })
})

test('a refused secret is not printed', () => {
  assert.equal(refusal({ YEOUL_JWT_SECRET: 'hunter2' }), 'YEOUL_JWT_SECRET must be at least 32 characters')
})

test('lists are taken apart, origins made plain', () => {
  const env = {
    YEOUL_ALLOWED_ORIGINS: 'https://A.example/, http://b.example:81',
    YEOUL_TRUSTED_PROXIES: '::1,10.0.0.0/8',
  }
  const { config } = loadConfig({ env })
  assert.deepEqual(config.allowedOrigins, ['https://a.example', 'http://b.example:81'])
  assert.deepEqual(config.trustedProxies, ['::1', '10.0.0.0/8'])
})

test('keys are made once, kept with mode 0600, and a damaged file stops the start', () => {
  const config = { dataDir: join(folder, 'new', 'data'), databaseUrl: null, jwtSecret: null, jwtPreviousSecret: null }
  const first = ensureSecrets(config)
  const path = join(config.dataDir, 'secrets.json')
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.equal(statSync(config.dataDir).mode & 0o777, 0o700)
  assert.ok(Buffer.from(first.jwtSecret, 'base64url').length >= 32)
  assert.ok(readFileSync(path, 'utf8').includes(first.jwtSecret))
  assert.deepEqual(ensureSecrets(config), first)
  writeFileSync(path, '{}')
  assert.throws(() => ensureSecrets(config), /secrets\.json is damaged/)
  const cluster = { ...config, dataDir: join(folder, 'cluster'), databaseUrl: 'postgres://a/b' }
  assert.throws(() => ensureSecrets(cluster), /^ConfigError: YEOUL_DATABASE_URL needs YEOUL_JWT_SECRET/)
  const given = 'k'.repeat(32)
  assert.equal(ensureSecrets({ ...cluster, jwtSecret: given }).jwtSecret, given)
  assert.ok(!existsSync(cluster.dataDir), 'a node of a cluster keeps nothing itself')
  assert.equal(ensureSecrets({ ...config, jwtSecret: given }).jwtSecret, given)
})
