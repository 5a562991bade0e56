import { parseArgs } from 'node:util'

export interface LabArguments {
  help: boolean
  /** In the order of the lab. */
  names: string[]
  quick: boolean
  repeats: number
  /** The folder that the report is written to; null: it is only printed. */
  out: string | null
}

/** Where the report of everything goes when nothing else is said. */
export const REPORT_FOLDER = 'docs/lab'
const FULL_REPEATS = 3
const MOST_REPEATS = 20

/** Reads the command line. Throws an error of one line when it names what there is not. */
export function labArguments(given: string[], known: string[]): LabArguments {
  const { values, positionals, tokens } = parseArgs({
    args: given,
    allowPositionals: true,
    strict: false,
    tokens: true,
    options: {
      quick: { type: 'boolean' },
      repeats: { type: 'string' },
      out: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    if (!['quick', 'repeats', 'out', 'help'].includes(token.name)) {
      throw new Error(`no option ${token.rawName}; there are --quick, --repeats, --out and --help`)
    }
    const takesValue = token.name === 'repeats' || token.name === 'out'
    if (takesValue && !token.value) throw new Error(`${token.rawName} needs a value`)
    if (!takesValue && token.value !== undefined) throw new Error(`${token.rawName} takes no value`)
  }
  const unknown = positionals.find((name) => !known.includes(name))
  if (unknown !== undefined) throw new Error(`no experiment ${unknown}; there are ${known.join(', ')}`)
  const quick = values.quick === true
  const all = positionals.length === 0
  return {
    help: values.help === true,
    names: all ? known : known.filter((name) => positionals.includes(name)),
    quick,
    repeats: typeof values.repeats === 'string' ? repeatsIn(values.repeats) : quick ? 1 : FULL_REPEATS,
    // A part of the lab, or a quick run, does not take the place of the whole report unasked.
    out: typeof values.out === 'string' ? values.out : all && !quick ? REPORT_FOLDER : null,
  }
}

function repeatsIn(text: string): number {
  const repeats = Number(text)
  if (/^\d{1,3}$/.test(text) && repeats >= 1 && repeats <= MOST_REPEATS) return repeats
  throw new Error(`--repeats must be a whole number from 1 to ${MOST_REPEATS}, not ${text}`)
}
