import type { RedisArgument } from './connection.ts'
import type { LogFunctions } from './log-functions.ts'

type Answer = (string | number)[]

interface Asked {
  partition: number
  args: RedisArgument[]
  done(answer: Answer): void
  failed(error: unknown): void
}

/**
 * Calls of one function of the log. What one turn asks of several partitions is one call where they share calls; the function
 * says itself how many of them it came to, and is called again for the rest. Each partition has an outcome of its own.
 */
export class SharedCalls {
  readonly #functions: LogFunctions
  readonly #name: string
  readonly #first: RedisArgument[]
  #waiting: Asked[] = []

  /** `first`: the arguments before those of the partitions. */
  constructor(functions: LogFunctions, name: string, ...first: RedisArgument[]) {
    this.#functions = functions
    this.#name = name
    this.#first = first
  }

  /** Rejects as `LogFunctions.call`, and with any other error for a fault in this partition. */
  ask(partition: number, ...args: RedisArgument[]): Promise<Answer> {
    return new Promise((done, failed) => {
      this.#waiting.push({ partition, args, done, failed })
      if (this.#waiting.length === 1) process.nextTick(() => this.#sendAll())
    })
  }

  #sendAll(): void {
    const asked = this.#waiting
    this.#waiting = []
    if (this.#functions.partitionsShareCalls) void this.#send(asked)
    else for (const each of asked) void this.#send([each])
  }

  async #send(asked: Asked[]): Promise<void> {
    for (let rest = asked; rest.length > 0; ) {
      const partitions = rest.map(({ partition }) => partition)
      const args = [...this.#first, ...rest.flatMap((each) => each.args)]
      let answers: Answer[]
      try {
        answers = (await this.#functions.callOn(partitions, this.#name, args)) as Answer[]
      } catch (error) {
        for (const { failed } of rest) failed(error)
        return
      }
      for (const [i, answer] of answers.entries()) {
        const { done, failed } = rest[i] as Asked
        if (answer[0] === 'failed') failed(new Error(`the log: ${answer[1]}`))
        else done(answer)
      }
      rest = rest.slice(answers.length)
    }
  }
}
