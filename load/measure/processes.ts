import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { constants, cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'

/** Every process and folder that a run makes is kept here, and ends with it: also after Ctrl-C and after a failure. */
const children = new Set<ChildProcess>()
const folders = new Set<string>()

export function startChild(args: string[], options: { env?: NodeJS.ProcessEnv; ipc?: boolean } = {}): ChildProcess {
  // What an operator has set for a server of theirs must not steer the one under test.
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('YEOUL_'))
  const child = spawn(process.execPath, args, {
    env: { ...Object.fromEntries(own), ...options.env },
    stdio: options.ipc ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe'],
  })
  children.add(child)
  child.on('exit', () => children.delete(child))
  return child
}

/** A new folder for data, on the disk of the system's temporary folder. */
export function dataFolder(): string {
  const folder = mkdtempSync(join(process.env.BENCH_DIR ?? tmpdir(), 'yeoul-bench-'))
  folders.add(folder)
  return folder
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  folders.delete(folder)
}

/** Waits for the end of a child that was told to end, and forces it after `patienceMs`. */
export function exited(child: ChildProcess, patienceMs = 10_000): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    const force = setTimeout(() => child.kill('SIGKILL'), patienceMs)
    child.on('exit', () => {
      clearTimeout(force)
      resolve()
    })
  })
}

/** Asks the child to end, by SIGTERM, or ends it by SIGKILL. */
export function stopChild(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
  child.kill(signal)
  return exited(child)
}

process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** Told the exit code that the signal stands for. */
let lastWords: (code: number) => void = () => {}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    const code = 128 + constants.signals[signal]
    lastWords(code)
    process.exit(code)
  })
}

/** Has `say` called when a signal ends the run (Ctrl-C, SIGTERM), before everything that was started ends: it must not wait. */
export function onInterrupt(say: (code: number) => void): void {
  lastWords = say
}

const TICKS_PER_SECOND = 100

/** User and system time of a process with all its threads so far, in seconds (clock ticks of 10 ms). */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** As `cpuSeconds`, with all processes that it has started, those that have ended and theirs included. */
export function treeCpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  let ticks = 0
  // utime, stime, and both of the children that it has waited for.
  for (const field of fields.slice(11, 15)) ticks += Number(field)
  let seconds = ticks / TICKS_PER_SECOND
  for (const child of readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')) {
    if (child !== '') seconds += ifAlive(() => treeCpuSeconds(Number(child)))
  }
  return seconds
}

/** One that ends between two looks is counted with its parent. */
function ifAlive(read: () => number): number {
  try {
    return read()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH') return 0
    throw error
  }
}

/** Time that the machine's cores were busy so far, in seconds of one core: whoever used them, a stealing host too. */
export function busySeconds(): number {
  const [user, nice, system, , , irq, softirq, steal] = readFileSync('/proc/stat', 'utf8')
    .slice('cpu '.length, 200)
    .trim()
    .split(/\s+/)
    .map(Number) as number[]
  return (user! + nice! + system! + irq! + softirq! + steal!) / TICKS_PER_SECOND
}

/** Write calls of a process's main thread so far: to sockets, and to wake its other threads. */
export function mainThreadWrites(pid: number): number {
  const found = /^syscw: (\d+)$/m.exec(readFileSync(`/proc/${pid}/task/${pid}/io`, 'utf8'))
  return Number(found?.[1])
}

/** Resident memory of a process, in bytes. */
export function residentBytes(pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(found?.[1]) * 1024
}

export interface Machine {
  cpu: string
  cores: number
  memoryGiB: number
  kernel: string
  node: string
  disk: string
  load: number
}

export function machine(): Machine {
  const memory = /^MemTotal:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(Number(memory?.[1]) / 1024 / 1024),
    kernel: readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim(),
    node: process.version,
    disk: mountOf(process.env.BENCH_DIR ?? tmpdir()),
    load: loadavg()[0] ?? 0,
  }
}

/** The file system under a path, as `ext4 on /dev/sda1`: a commit on a tmpfs would cost nothing and prove nothing. */
function mountOf(path: string): string {
  let best = ''
  let answer = 'unknown'
  for (const line of readFileSync('/proc/mounts', 'utf8').split('\n')) {
    const [device, point, type] = line.split(' ')
    if (point === undefined || point.length < best.length) continue
    if (path !== point && !path.startsWith(point === '/' ? '/' : `${point}/`)) continue
    best = point
    answer = `${type} on ${device}`
  }
  return answer
}
