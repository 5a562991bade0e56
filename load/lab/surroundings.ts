import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PROGRAMS, programPath } from '../../deploy/local/program.ts'
import { type Machine, machine } from '../measure/processes.ts'

const ROOT = join(import.meta.dirname, '../..')
const PACKAGES = ['socket.io', '@socket.io/redis-adapter', '@socket.io/redis-streams-adapter', 'ws', 'ioredis', 'pg']

/** Where and of what a run was made. */
export interface Surroundings {
  /** Of the start; ISO 8601, UTC. */
  at: string
  machine: Machine
  /** By name: of Yeoul (with its commit), Node, the servers of the system and the packages that are compared. */
  versions: Record<string, string>
}

/** Throws, in one line, when a program that the lab needs is missing. */
export function surroundings(): Surroundings {
  const { version } = read('package.json') as { version: string }
  return {
    at: new Date().toISOString(),
    machine: machine(),
    versions: {
      Yeoul: `${version} (${commit()})`,
      'Node.js': process.versions.node,
      PostgreSQL: numberIn(run(programPath(PROGRAMS.postgres), '--version')),
      Redis: numberIn(run(programPath(PROGRAMS.redis), '--version')),
      nginx: numberIn(run(programPath(PROGRAMS.nginx), '-v')),
      ...Object.fromEntries(PACKAGES.map((name) => [name, packageVersion(name)])),
    },
  }
}

function read(path: string): unknown {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8'))
}

function packageVersion(name: string): string {
  return (read(`node_modules/${name}/package.json`) as { version: string }).version
}

/** nginx writes its version where others write errors. */
function run(program: string, option: string): string {
  const { stdout, stderr } = spawnSync(program, [option], { encoding: 'utf8' })
  return `${stdout}${stderr}`
}

function numberIn(text: string): string {
  return /\d+\.\d+(\.\d+)*/.exec(text)?.[0] ?? 'unknown'
}

/** Of the working tree; reports in it don't count as changes. */
function commit(): string {
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no', '--', '.', ':!docs/lab') !== ''
    return `commit ${git('rev-parse', '--short', 'HEAD')}${changed ? ', with changes' : ''}`
  } catch {
    return 'without git'
  }
}
