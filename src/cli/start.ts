import { type Logger, pino } from 'pino'
import { ForeignRedis } from '../adapters/redis/claim.ts'
import { UnsafeRedis } from '../adapters/redis/log.ts'
import { DatabaseInUse, WrongCluster } from '../adapters/sql/index.ts'
import { type Config, ConfigError, checkConfig, type Origin } from '../config.ts'
import { type RunningServer, startServer } from '../server.ts'
import { Failure } from './failure.ts'

/** A drain that hangs must not keep the node for longer than an orchestrator waits before it kills. */
const EXIT_WITHIN_MS = 24_000

/** Runs the server until a signal ends it. */
export async function start(config: Config, origins: Record<string, Origin>): Promise<void> {
  checkConfig(config)
  const log = pino({ level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime })
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'the server failed')
    process.exit(1)
  })
  const server = await startServer(config, log, origins).catch((error: unknown) => {
    throw explained(error, config, log)
  })
  drainOnSignal(server)
  greet(server)
}

/** Under npm, Ctrl+C comes twice: from the terminal, and passed on by npm. */
const SAME_SIGNAL_MS = 300

/** The first signal drains, the second ends at once. */
function drainOnSignal(server: RunningServer): void {
  let drainingSince: number | null = null
  const stop = async (): Promise<void> => {
    if (drainingSince !== null) {
      if (performance.now() - drainingSince > SAME_SIGNAL_MS) process.exit(1)
      return
    }
    drainingSince = performance.now()
    console.log('Yeoul is stopping; once more to force it.')
    setTimeout(() => process.exit(1), EXIT_WITHIN_MS).unref()
    await server.drain()
    await server.close()
    console.log('Yeoul has stopped.')
    process.exit(0)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

/** What a person who has just started it needs to know. Programs look for the first line. */
function greet(server: RunningServer): void {
  console.log(`Yeoul is ready at ${server.url}`)
  if (server.config.databaseUrl === null) console.log(`Everything it keeps is in ${server.config.dataDir}`)
  if (server.setupUrl !== null) {
    console.log('')
    console.log('There is no admin yet. Make that account with this link; it works once:')
    console.log(`  ${server.setupUrl}`)
  }
  if (server.config.registration === 'open') console.log('Everybody who can reach this address can sign up.')
  console.log('To stop it: Ctrl+C.')
}

/** In one line, what kept the server from starting; what nobody foresaw goes to the log with its stack. */
function explained(error: unknown, config: Config, log: Logger): Failure {
  const { code, message } = error as NodeJS.ErrnoException
  const oneLine = [DatabaseInUse, ConfigError, WrongCluster, ForeignRedis, UnsafeRedis]
  if (oneLine.some((kind) => error instanceof kind)) return new Failure(message)
  if (code === 'EADDRINUSE') {
    return new Failure(`Port ${config.port} is taken; choose another one: --port 8081, or 0 for a free one.`)
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new Failure(`This machine has no address ${config.host}; see YEOUL_HOST.`)
  }
  if (code === undefined) log.fatal({ err: error }, 'the server cannot start')
  return new Failure(`It cannot start: ${message}`)
}
