import type { KeeperOperations } from './keeper.ts'
import type { StoreThread } from './thread.ts'
import type { WriteOperations } from './writer.ts'

const EVERY_MS = 500
const PAGE_BYTES = 4_096
/** Above this the writer is made to begin the write-ahead log anew. */
const WAL_MAX_BYTES = 64 * 1_048_576

/**
 * Moves what was committed from the write-ahead log into the database, off the path of commits: the keeper copies while
 * the writer goes on. Under load the log never becomes empty by that, so when it has grown large the writer copies the
 * short rest itself and starts at the log's beginning again.
 */
export class Checkpoints {
  readonly #writer: StoreThread<WriteOperations>
  readonly #keeper: StoreThread<KeeperOperations>
  readonly #log: (message: string) => void
  readonly #timer: NodeJS.Timeout
  #underWay = false
  #doneAt = 0
  #failing = false
  walBytes = 0

  constructor(
    writer: StoreThread<WriteOperations>,
    keeper: StoreThread<KeeperOperations>,
    log: (message: string) => void,
  ) {
    this.#writer = writer
    this.#keeper = keeper
    this.#log = log
    this.#timer = setInterval(() => void this.#tick(), EVERY_MS)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #tick(): Promise<void> {
    if (this.#underWay || this.#writer.calls === this.#doneAt) return
    this.#underWay = true
    const calls = this.#writer.calls
    try {
      const { pages } = await this.#keeper.call('checkpoint')
      this.walBytes = pages * PAGE_BYTES
      if (this.walBytes > WAL_MAX_BYTES) await this.#writer.call('restartWal')
      this.#doneAt = calls
      this.#failing = false
    } catch (error) {
      if (!this.#failing) this.#log(`a checkpoint failed: ${(error as Error).message}`)
      this.#failing = true
    } finally {
      this.#underWay = false
    }
  }
}
