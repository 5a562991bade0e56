import { spawnSync } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** A program of the system that a local cluster is made of. */
export interface Program {
  name: string
  /** The Debian package that brings it. */
  debian: string
  /** Folders beside those of PATH in which it may be. */
  folders?: () => string[]
}

export const PROGRAMS = {
  postgres: { name: 'postgres', debian: 'postgresql', folders: newestPostgres },
  redis: { name: 'redis-server', debian: 'redis-server' },
  nginx: { name: 'nginx', debian: 'nginx-light' },
} satisfies Record<string, Program>

/**
 * The path of a program. Where it is missing and the machine is ours to install on (root on Debian) it is installed;
 * otherwise throws an error of one line that says how to get it.
 */
export function programPath(program: Program): string {
  const found = find(program)
  if (found !== undefined) return found
  if (process.getuid?.() === 0 && existsSync('/etc/debian_version')) {
    console.error(`${program.name} is missing; installing ${program.debian}.`)
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const apt = (...args: string[]) => spawnSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'inherit'] })
    apt('update', '-q')
    apt('install', '-qy', '--no-install-recommends', program.debian)
    const installed = find(program)
    if (installed !== undefined) return installed
  }
  throw new Error(`${program.name} is missing. Install it (Debian: apt-get install ${program.debian}).`)
}

/** Debian keeps them out of PATH, one folder a version. */
function newestPostgres(): string[] {
  const version = (path: string) => Number(/(\d+)\/bin$/.exec(path)?.[1])
  return globSync('/usr/lib/postgresql/*/bin').sort((a, b) => version(b) - version(a))
}

function find({ name, folders = () => [] }: Program): string | undefined {
  const all = [...folders(), ...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return all.map((folder) => join(folder, name)).find((path) => existsSync(path))
}
