/** How values lie along an axis. */
export interface Scale {
  /** Where a value lies, in the units of the drawing; one beyond the axis lies at its end. */
  at(value: number): number
  ticks: number[]
}

const STEPS = [1, 2, 2.5, 5, 10]

/** From zero to a round value that is not less than `max`. */
export function linear(max: number, from: number, to: number, wanted = 4): Scale {
  const top = max > 0 ? max : 1
  const rough = top / wanted
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * STEPS.find((factor) => power * factor >= rough * 0.999)!
  const count = Math.ceil((top / step) * 0.999)
  const ticks = Array.from({ length: count + 1 }, (_, i) => Number((i * step).toPrecision(12)))
  return { ticks, at: (value) => between(value / (count * step), from, to) }
}

/** Round values of every decade. */
const ROUND = [1, 2, 5]
const MOST_TICKS = 9

/** From a round value to a round value around those given; what is not positive lies at the lower end. */
export function logarithmic(values: number[], from: number, to: number): Scale {
  const positive = values.filter((value) => value > 0)
  const [min, max] = positive.length > 0 ? [Math.min(...positive), Math.max(...positive)] : [1, 10]
  const round: number[] = []
  for (let power = Math.floor(Math.log10(min)); power <= Math.ceil(Math.log10(max)) + 1; power++) {
    for (const factor of ROUND) round.push(Number((factor * 10 ** power).toPrecision(12)))
  }
  const first = round.findLastIndex((value) => value <= min)
  const last = Math.max(
    first + 1,
    round.findIndex((value) => value >= max),
  )
  const all = round.slice(first, last + 1)
  const [low, high] = [all[0]!, all.at(-1)!]
  const decades = all.filter((value) => Number.isInteger(Math.log10(value)))
  return {
    ticks: all.length <= MOST_TICKS ? all : decades,
    at: (value) => between(value > 0 ? Math.log(value / low) / Math.log(high / low) : 0, from, to),
  }
}

function between(part: number, from: number, to: number): number {
  return from + Math.min(1, Math.max(0, part)) * (to - from)
}

/** A tick's label: `0.5`, `250`, `10k`, `2.5M`. */
export function tickText(value: number): string {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(4))}M`
  if (value >= 1e4) return `${Number((value / 1e3).toPrecision(4))}k`
  return value.toLocaleString('en-US', { maximumFractionDigits: 6 })
}
