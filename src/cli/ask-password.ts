import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { PASSWORD_LENGTH } from '../protocol/limits.ts'
import { Failure } from './failure.ts'

/**
 * The new password: asked for twice without echo at a terminal, otherwise all of standard input without the line's end.
 * It is never taken from argv, which every user of the machine can read.
 */
export async function askPassword(fromStdin: boolean): Promise<string> {
  const password = fromStdin || !process.stdin.isTTY ? (await text(process.stdin)).replace(/\r?\n$/, '') : await typed()
  if (password.length < PASSWORD_LENGTH.min || password.length > PASSWORD_LENGTH.max) {
    throw new Failure(`A password has ${PASSWORD_LENGTH.min} to ${PASSWORD_LENGTH.max} characters.`)
  }
  return password
}

async function typed(): Promise<string> {
  const first = await hidden('Password: ')
  if ((await hidden('Once more: ')) !== first) throw new Failure('The two are not the same.')
  return first
}

/** Reads one line while the terminal shows nothing of it. */
function hidden(question: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { stdin, stdout } = process
    stdout.write(question)
    // No output: readline edits the line, but has nowhere to echo it.
    const lines = createInterface({ input: stdin, terminal: true })
    stdin.setRawMode(true)
    lines.once('line', (line) => {
      lines.removeAllListeners()
      lines.close()
      stdout.write('\n')
      resolve(line)
    })
    lines.once('SIGINT', () => {
      lines.close()
      stdout.write('\n')
      reject(new Failure('Cancelled.'))
    })
  })
}
