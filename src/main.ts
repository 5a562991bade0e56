#!/usr/bin/env node
/** The command line: argv and environment to a configuration, and that to one of the commands in src/cli/. */
import { Command, Option } from 'commander'
import { Failure } from './cli/failure.ts'
import { ConfigError, loadConfig, OPTION_ROWS } from './config.ts'
import { YeoulError } from './protocol/errors.ts'
import { VERSION } from './version.ts'

type Loaded = ReturnType<typeof loadConfig>
interface Flags {
  admin?: boolean
  displayName?: string
  passwordStdin?: boolean
  replace?: boolean
}
/** What a command does, given the configuration, its argument and its own flags. */
type Work = (loaded: Loaded, argument: string, flags: Flags) => Promise<void> | void

const program = new Command('yeoul')
  .description('Self-hosted real-time chat. Options also come from the environment: `yeoul config` lists them.')
  .version(VERSION)

const start = program.command('start').description('run the server')
withFlags(start, 'all')
does(start, async ({ config, origins }) => (await import('./cli/start.ts')).start(config, origins))

const config = program.command('config').description('print every option: its value in force and where it came from')
withFlags(config, 'all')
does(config, async (loaded) => (await import('./cli/print-config.ts')).printConfig(loaded.config, loaded.origins))

const user = program.command('user').description('manage accounts, on the operator’s word')

const create = user.command('create <username>').description('make an account; asks for its password')
create.option('--admin', 'make it an admin')
create.option('--display-name <name>', 'the name that others see')
create.option('--password-stdin', 'read the password from standard input')
does(create, async ({ config }, name, flags) => (await import('./cli/users.ts')).createUser(config, name, flags))

const password = user.command('password <username>').description('set a new password and end all logins')
password.option('--password-stdin', 'read the password from standard input')
does(password, async ({ config }, name, flags) => (await import('./cli/users.ts')).setPassword(config, name, flags))

const reset = user.command('reset <username>').description('print a one-time link that sets a new password')
does(reset, async ({ config }, name) => (await import('./cli/users.ts')).printResetLink(config, name))

const disable = user.command('disable <username>').description('shut an account out and end all its logins')
does(disable, async ({ config }, name) => (await import('./cli/users.ts')).setDisabled(config, name, true))

const enable = user.command('enable <username>').description('let a disabled account in again')
does(enable, async ({ config }, name) => (await import('./cli/users.ts')).setDisabled(config, name, false))

const list = user.command('list').description('print all accounts')
does(list, async ({ config }) => (await import('./cli/users.ts')).listUsers(config))

const setupLink = program.command('setup-link').description('print a new one-time link that makes the admin’s account')
does(setupLink, async ({ config }) => (await import('./cli/users.ts')).printSetupLink(config))

const seed = program.command('seed').description('put something to look at into the data')
seed.requiredOption('--demo', 'a few people and rooms, with messages in Korean and English')
does(seed, async ({ config }) => (await import('./cli/seed-demo.ts')).seedDemo(config))

const verify = program.command('verify').description('audit the data; exit code 1 when something is wrong')
does(verify, async ({ config }) => (await import('./cli/keep.ts')).verify(config))

const backup = program.command('backup <file>').description('copy the database, consistent, also while the server runs')
does(backup, async ({ config }, file) => (await import('./cli/keep.ts')).backup(config, file))

const restore = program.command('restore <file>').description('put a backup in place; the server must be stopped')
restore.option('--replace', 'set the present database aside and take the backup instead')
does(restore, async ({ config }, file, flags) => (await import('./cli/keep.ts')).restore(config, file, flags))

const raise = program
  .command('raise-epochs')
  .description('begin a new epoch of every room, after an older copy of a PostgreSQL database was put in place')
does(raise, async ({ config }) => (await import('./cli/keep.ts')).raiseEpochs(config))

const parked = program
  .command('parked')
  .description('entries of the Redis log that the database refused, each with an empty place in its room')

const listParked = parked.command('list').description('print them, without what they hold')
does(listParked, async ({ config }) => (await import('./cli/parked.ts')).listParked(config))

const retryParked = parked.command('retry <id>').description('write one to its place, or `all`')
does(retryParked, async ({ config }, id) => (await import('./cli/parked.ts')).retryParked(config, id))

const dropParked = parked.command('drop <id>').description('forget what one holds, or `all`; its place stays empty')
does(dropParked, async ({ config }, id) => (await import('./cli/parked.ts')).dropParked(config, id))

/** Every command works on the data folder, so each has that flag; `start` and `config` have all. */
function withFlags(command: Command, which: 'all' | 'dataDir'): void {
  for (const { key, flag, option } of OPTION_ROWS) {
    if (flag === null || (which === 'dataDir' && key !== 'dataDir')) continue
    // `start --role gateway` reads better for one.
    const names = key === 'roles' ? `--role, ${flag}` : flag
    command.addOption(new Option(`${names} <value>`, option.description))
  }
}

function does(command: Command, work: Work): void {
  if (command !== start && command !== config) withFlags(command, 'dataDir')
  command.action(() => {
    const flags = command.opts()
    return work(loadConfig({ env: process.env, flags }), command.args[0] ?? '', flags)
  })
}

const NODE_AT_LEAST = 24
if (Number.parseInt(process.versions.node, 10) < NODE_AT_LEAST) {
  console.error(`yeoul: Node ${NODE_AT_LEAST} or newer is needed; this is ${process.versions.node}.`)
  process.exit(1)
}

try {
  await program.parseAsync()
} catch (error) {
  const told = error instanceof Failure || error instanceof ConfigError || error instanceof YeoulError
  console.error(told ? `yeoul: ${error.message}` : error)
  process.exit(1)
}
