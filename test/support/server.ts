import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Logger, pino } from 'pino'
import { type Config, configWith, OPTION_ROWS } from '../../src/config.ts'
import { type RunningServer, startServer } from '../../src/server.ts'

/** With which the tests sign people in as another service would. */
export const API_KEY = 'key-of-the-tests-alone'

export interface TestServer extends RunningServer {
  config: Config
  /** Stops the server and removes its data. */
  [Symbol.asyncDispose](): Promise<void>
}

/** The real server in this process, on a free port, with its data in a folder that goes with it. `await using` it. */
export async function startTestServer(
  changes: Partial<Config> = {},
  log: Logger = pino({ level: process.env.TEST_LOG ?? 'silent' }),
): Promise<TestServer> {
  const dataDir = changes.dataDir ?? (await mkdtemp(join(tmpdir(), 'yeoul-')))
  const config = configWith({
    port: 0,
    dataDir,
    rateLimit: false,
    drainMs: 200,
    apiKey: API_KEY,
    presenceTickMs: 50,
    watchTickMs: 200,
    ...changes,
  })
  // As if the test's own options had come from the environment.
  const given = OPTION_ROWS.filter(({ key }) => key in changes)
  const server = await startServer(config, log, Object.fromEntries(given.map(({ key, env }) => [key, `env ${env}`])))
  let closed = false
  const close = async () => {
    if (closed) return
    closed = true
    await server.close()
  }
  return {
    ...server,
    config,
    close,
    async [Symbol.asyncDispose]() {
      await close()
      if (changes.dataDir === undefined) await rm(dataDir, { recursive: true, force: true })
    },
  }
}
