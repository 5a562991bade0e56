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

/** Whole decades around the values; what is not positive lies at the lower end. */
export function logarithmic(values: number[], from: number, to: number): Scale {
  const positive = values.filter((value) => value > 0)
  const low = Math.floor(Math.log10(Math.min(...positive, 1e12)) + 1e-9)
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...positive, 10 ** low)) - 1e-9))
  const within = high - low === 1 ? [1, 2, 5] : [1]
  const ticks: number[] = []
  for (let power = low; power <= high; power++) {
    for (const factor of power === high ? [1] : within) ticks.push(Number((factor * 10 ** power).toPrecision(12)))
  }
  return {
    ticks,
    at: (value) => between(value > 0 ? (Math.log10(value) - low) / (high - low) : 0, from, to),
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
