import type { Wire } from '../../src/core/write-queue.ts'

/** A connection's way out that keeps what was written. `buffered` is what the test says. */
export class FakeWire implements Wire {
  /** One entry for each call of `write` or `writeAll`. */
  readonly writes: Uint8Array[][] = []
  buffered = 0
  drained = 0
  received = 0
  encoded = 0
  closed: number | null = null

  encode(text: string): Uint8Array {
    this.encoded++
    return Buffer.from(text)
  }

  write(bytes: Uint8Array): void {
    this.writes.push([bytes])
  }

  writeAll(list: Uint8Array[]): void {
    this.writes.push(list)
  }

  async flushed(): Promise<void> {}

  takeFrames(): void {}

  close(code: number): void {
    this.closed = code
  }

  /** Every item that was written, in order. */
  items<T = Record<string, unknown>>(): T[] {
    return this.writes.flat().flatMap((bytes) => {
      const frame = JSON.parse(Buffer.from(bytes).toString()) as T | T[]
      return Array.isArray(frame) ? frame : [frame]
    })
  }
}
