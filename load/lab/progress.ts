import type { WriteStream } from 'node:tty'

/** What one repeat of an experiment is expected to take before one has been seen, in ms. */
const GUESS_MS = { quick: 12_000, full: 70_000 }

/**
 * Says what happens now: one line that is written anew on a terminal, else a line for each step. The rest is guessed
 * from the repeats so far.
 */
export class Progress {
  readonly #out: NodeJS.WriteStream
  readonly #guessMs: number
  readonly #began = performance.now()
  /** Repeats still to come, the present one included, by experiment. */
  readonly #left: Map<string, number>
  readonly #taken = new Map<string, number[]>()
  readonly #repeats: number
  #now: { name: string; repeat: number; since: number; step: string } | null = null
  #timer: NodeJS.Timeout | undefined

  constructor(names: string[], repeats: number, quick: boolean, out: NodeJS.WriteStream = process.stdout) {
    this.#out = out
    this.#repeats = repeats
    this.#guessMs = quick ? GUESS_MS.quick : GUESS_MS.full
    this.#left = new Map(names.map((name) => [name, repeats]))
  }

  begin(name: string, repeat: number): void {
    this.#now = { name, repeat, since: performance.now(), step: 'starts' }
    if (!this.#out.isTTY) return
    this.#timer ??= setInterval(() => this.#draw(), 1_000).unref()
    this.#draw()
  }

  step(what: string): void {
    if (this.#now === null) return
    this.#now.step = what
    if (this.#out.isTTY) this.#draw()
    else this.#out.write(`${this.#line()}\n`)
  }

  /** The repeat that was begun is over. */
  end(): void {
    if (this.#now === null) return
    const { name, since } = this.#now
    this.#taken.set(name, [...(this.#taken.get(name) ?? []), performance.now() - since])
    this.#left.set(name, (this.#left.get(name) ?? 1) - 1)
    this.#now = null
    this.clear()
  }

  /** Makes room for other output. */
  clear(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    if (this.#out.isTTY) this.#out.write('\r\x1b[K')
  }

  get elapsedMs(): number {
    return performance.now() - this.#began
  }

  #draw(): void {
    // Wider than the terminal it could not be written over.
    const width = (this.#out as WriteStream).columns ?? 80
    this.#out.write(`\r\x1b[K${this.#line().slice(0, width - 1)}`)
  }

  #line(): string {
    const { name, repeat, step } = this.#now!
    const which = this.#repeats > 1 ? `${name} ${repeat + 1}/${this.#repeats}` : name
    return `[${clock(this.elapsedMs)}, about ${clock(this.#restMs())} left] ${which}: ${step}`
  }

  #restMs(): number {
    const all = mean([...this.#taken.values()].flat()) ?? this.#guessMs
    const expected = (name: string) => mean(this.#taken.get(name) ?? []) ?? all
    let rest = 0
    for (const [name, repeats] of this.#left) rest += repeats * expected(name)
    const { name, since } = this.#now!
    return rest - Math.min(performance.now() - since, expected(name))
  }
}

function mean(values: number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length
}

/** 754000 as `12:34`. */
export function clock(ms: number): string {
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
