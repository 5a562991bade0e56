import { cellText } from './cells.ts'
import type { Chart, Figure } from './experiment.ts'
import { escaped } from './prose.ts'
import type { Result, Spread } from './results.ts'
import { linear, logarithmic, type Scale, tickText } from './scale.ts'

/** Units of the drawings. All are as wide as a phone: a wider page sets them beside each other. */
const WIDTH = 440
const EDGE = 14
/** Part of a linear axis that the figures must fill at least for a limit above them to be drawn. */
const LEAST_FILL = 0.35
/** From this span on, horizontal axes are logarithmic. */
const WIDE_SPAN = 20

/** The colours of systems, as classes of the style sheet: Yeoul's are shades of the accent. */
export type Palette = Map<string, string>

const SHADES = 5

export function paletteOf(results: Result[]): Palette {
  const palette: Palette = new Map()
  const used = { y: 0, p: 0 }
  for (const { system } of results) {
    if (palette.has(system)) continue
    const family = system.startsWith('Yeoul') ? 'y' : 'p'
    palette.set(system, `${family}${used[family]++ % SHADES}`)
  }
  return palette
}

/** The chart with its title and legend, as HTML. Empty when no row has the figure. */
export function drawChart(chart: Chart, figures: Figure[], results: Result[], palette: Palette): string {
  const figure = figures.find(({ key }) => key === chart.figure)
  if (figure === undefined) throw new Error(`the chart "${chart.title}" is of ${chart.figure}, which is no figure`)
  const drawn = results.filter(({ figures }) => figures[figure.key] !== undefined)
  if (drawn.length === 0) return ''
  const { svg, legend } =
    chart.kind === 'bars' ? bars(chart, figure, results, palette) : lines(chart, figures, figure, drawn, palette)
  const better = figure.better === null ? '' : `, ${figure.better} is better`
  const kind = chart.logarithmic ? ', logarithmic' : ''
  return `<figure class="chart">
<figcaption><b>${escaped(chart.title)}</b> <span>${escaped(figure.title + better + kind)}</span></figcaption>
${svg}${legend}
</figure>`
}

interface Drawing {
  svg: string
  legend: string
}

const BAND = 36

/** A bar for each row, its name and median above it. */
function bars(chart: Chart, figure: Figure, results: Result[], palette: Palette): Drawing {
  const shown = results.filter(({ figures, void: why }) => figures[figure.key] !== undefined || why !== null)
  const spreads = shown.flatMap(({ figures }) => figures[figure.key] ?? [])
  const { scale, limits, beyond } = valueScale(chart, spreads, EDGE / 2, WIDTH - EDGE)
  const bottom = shown.length * BAND + 6
  const parts = scale.ticks.map((tick) => {
    const x = scale.at(tick).toFixed(1)
    return `<path class="grid" d="M${x} 0V${bottom}"/><text class="tick" x="${x}" y="${bottom + 16}" text-anchor="middle">${tickText(tick)}</text>`
  })
  const texts: string[] = []
  for (const [i, { name, system, figures }] of shown.entries()) {
    const top = i * BAND
    const spread = figures[figure.key]
    const value = spread === undefined ? 'no figure' : cellText(spread, figure)
    texts.push(
      `<text class="name" x="${EDGE / 2}" y="${top + 14}">${escaped(shortened(name, 54 - value.length))}</text>`,
      `<text class="value" x="${WIDTH - EDGE}" y="${top + 14}" text-anchor="end">${escaped(value)}</text>`,
    )
    if (spread === undefined) continue
    const [from, to] = [scale.at(0), scale.at(spread.median)]
    parts.push(
      `<g><title>${escaped(`${name}: ${value}`)}</title>`,
      `<rect class="bar ${palette.get(system)}" x="${from.toFixed(1)}" y="${top + 19}" width="${Math.max(1, to - from).toFixed(1)}" height="11" rx="2"/>`,
      `${whisker(scale.at(spread.min), scale.at(spread.max), top + 24.5, 'across')}</g>`,
    )
  }
  for (const { at, name } of limits) {
    const x = scale.at(at).toFixed(1)
    parts.push(`<path class="limit" d="M${x} 0V${bottom}"><title>${escaped(name)}</title></path>`)
  }
  // Over everything else, so that nothing runs through a word.
  parts.push(...texts)
  return { svg: drawing(bottom + 24, chart.title, parts), legend: legendOf([], [...limits, ...beyond]) }
}

const PLOT = { left: 52, top: 10, height: 210, below: 44 }

/** A line for each system, with a mark and the spread at each of its points. */
function lines(chart: Chart, figures: Figure[], figure: Figure, drawn: Result[], palette: Palette): Drawing {
  const across = figures.find(({ key }) => key === chart.x)
  if (across === undefined)
    throw new Error(`the chart "${chart.title}" has no figure ${chart.x} for its horizontal axis`)
  const bottom = PLOT.top + PLOT.height
  const points = drawn.filter((result) => result.figures[across.key] !== undefined)
  const spreads = points.map((result) => result.figures[figure.key]!)
  const { scale, limits, beyond } = valueScale(chart, spreads, bottom, PLOT.top)
  const xs = points.map((result) => result.figures[across.key]!.median)
  const horizontal = xScale(xs)
  const parts = scale.ticks.map((tick) => {
    const y = scale.at(tick).toFixed(1)
    return `<path class="grid" d="M${PLOT.left} ${y}H${WIDTH - EDGE}"/><text class="tick" x="${PLOT.left - 7}" y="${y}" dy="4" text-anchor="end">${tickText(tick)}</text>`
  })
  for (const tick of horizontal.ticks) {
    const x = horizontal.at(tick).toFixed(1)
    parts.push(
      `<path class="grid" d="M${x} ${bottom}v4"/><text class="tick" x="${x}" y="${bottom + 18}" text-anchor="middle">${tickText(tick)}</text>`,
    )
  }
  const middle = (PLOT.left + WIDTH - EDGE) / 2
  parts.push(
    `<path class="axis" d="M${PLOT.left} ${bottom}H${WIDTH - EDGE}"/>`,
    `<text class="caption" x="${middle}" y="${bottom + 36}" text-anchor="middle">${escaped(across.title)}</text>`,
  )
  for (const { at, name } of limits) {
    const y = scale.at(at).toFixed(1)
    parts.push(`<path class="limit" d="M${PLOT.left} ${y}H${WIDTH - EDGE}"><title>${escaped(name)}</title></path>`)
  }
  const systems = [...new Set(points.map(({ system }) => system))]
  for (const [i, system] of systems.entries()) {
    const own = points
      .filter((result) => result.system === system)
      .map((result) => ({
        x: horizontal.at(result.figures[across.key]!.median),
        spread: result.figures[figure.key]!,
        result,
      }))
      .sort((a, b) => a.x - b.x)
    const path = own.map(
      ({ x, spread }, k) => `${k === 0 ? 'M' : 'L'}${x.toFixed(1)} ${scale.at(spread.median).toFixed(1)}`,
    )
    parts.push(`<path class="line ${palette.get(system)}" d="${path.join('')}"/>`)
    for (const { x, spread, result } of own) {
      parts.push(
        `<g><title>${escaped(`${result.name}: ${cellText(spread, figure)}`)}</title>`,
        whisker(scale.at(spread.min), scale.at(spread.max), x, 'upright'),
        `${mark(i, x, scale.at(spread.median), palette.get(system))}</g>`,
      )
    }
  }
  const keys = systems.map((system, i) => ({ system, i, colour: palette.get(system) }))
  return { svg: drawing(bottom + PLOT.below, chart.title, parts), legend: legendOf(keys, [...limits, ...beyond]) }
}

interface Limit {
  at: number
  name: string
}

/** The axis of the figure, with the limits that lie on it and those that are too far beyond. */
function valueScale(chart: Chart, spreads: Spread[], from: number, to: number) {
  const all = chart.limits ?? []
  const max = Math.max(...spreads.map((spread) => spread.max))
  if (chart.logarithmic) {
    // Half of the least, so that its bar has a length as well.
    const values = [...spreads.flatMap((spread) => [spread.min / 2, spread.max]), ...all.map(({ at }) => at)]
    return { scale: logarithmic(values, from, to), limits: all, beyond: [] as Limit[] }
  }
  const limits = all.filter(({ at }) => max >= at * LEAST_FILL)
  const beyond = all
    .filter((limit) => !limits.includes(limit))
    .map(({ at, name }) => ({ at, name: `${name} (beyond the chart)` }))
  return { scale: linear(Math.max(max, ...limits.map(({ at }) => at)), from, to), limits, beyond }
}

function xScale(values: number[]): Scale {
  const [from, to] = [PLOT.left + 10, WIDTH - EDGE - 10]
  const [min, max] = [Math.min(...values), Math.max(...values)]
  return min > 0 && max / min >= WIDE_SPAN ? logarithmic(values, from, to) : linear(max, from, to, 5)
}

/** From the least to the most; none where they are the same. */
function whisker(min: number, max: number, at: number, way: 'across' | 'upright'): string {
  if (Math.abs(max - min) < 1) return ''
  const d =
    way === 'across'
      ? `M${min.toFixed(1)} ${at}H${max.toFixed(1)}M${min.toFixed(1)} ${at - 4}v8M${max.toFixed(1)} ${at - 4}v8`
      : `M${at.toFixed(1)} ${min.toFixed(1)}V${max.toFixed(1)}M${(at - 3).toFixed(1)} ${min.toFixed(1)}h6M${(at - 3).toFixed(1)} ${max.toFixed(1)}h6`
  return `<path class="whisker" d="${d}"/>`
}

/** Shapes tell systems apart where colours do not. */
function mark(series: number, x: number, y: number, colour = ''): string {
  const shapes = [
    'M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0Z',
    'M-4-4h8v8h-8Z',
    'M0-5L5 4H-5Z',
    'M0-5.5L5.5 0L0 5.5L-5.5 0Z',
    'M0 5L5-4H-5Z',
  ]
  return `<path class="mark ${colour}" transform="translate(${x.toFixed(1)} ${y.toFixed(1)})" d="${shapes[series % shapes.length]}"/>`
}

function legendOf(systems: { system: string; i: number; colour: string | undefined }[], limits: Limit[]): string {
  const keys = systems.map(
    ({ system, i, colour }) =>
      `<li><svg width="26" height="12" aria-hidden="true"><path class="line ${colour}" d="M1 6H25"/>${mark(i, 13, 6, colour)}</svg>${escaped(system)}</li>`,
  )
  for (const { name } of limits) {
    keys.push(
      `<li><svg width="26" height="12" aria-hidden="true"><path class="limit" d="M1 6H25"/></svg>${escaped(name)}</li>`,
    )
  }
  return keys.length === 0 ? '' : `\n<ul class="legend">${keys.join('')}</ul>`
}

function drawing(height: number, title: string, parts: string[]): string {
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(title)}">${parts.join('')}</svg>`
}

function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1).trimEnd()}…`
}
