import { useEffect, useRef, useState } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { useWords } from '../i18n/index.ts'
import { clock, clockWithSeconds } from '../i18n/time.ts'
import { type Line, SHOWN_MS } from './figures.ts'
import { type Tones, useTones } from './theme.ts'

interface ChartProps {
  title: string
  /** Times in ms, and for each of `lines` its values. */
  data: [number[], ...Line[]]
  /** What the lines are called; at most two. */
  lines: readonly string[]
  show(value: number | null): string
  axis(value: number): string
  /** The scale reaches at least so far, so that a little noise does not look like a storm. */
  least: number
}

const HEIGHT = 148
const EDGE_MS = 45_000

/** A line or two over the last ten minutes, with the value of now, or of the moment that is pointed at, written above. */
export function Chart({ title, data, lines, show, axis, least }: ChartProps) {
  const { t, language } = useWords()
  const tones = useTones()
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(null)
  const newest = useRef(data)
  newest.current = data
  const [pointed, setPointed] = useState<number | null>(null)
  const format = useRef({ axis, clock: (at: number) => clock(at, language) })
  format.current = { axis, clock: (at) => clock(at, language) }

  // biome-ignore lint/correctness/useExhaustiveDependencies: drawn anew for another theme or language; the data follows below
  useEffect(() => {
    const options = appearance(tones, lines.length, least, {
      axis: (value) => format.current.axis(value),
      clock: (at) => format.current.clock(at),
      onPoint: setPointed,
    })
    const made = new uPlot(
      { ...options, width: box.current!.clientWidth, height: HEIGHT },
      newest.current,
      box.current!,
    )
    plot.current = made
    const sized = new ResizeObserver(([entry]) => made.setSize({ width: entry!.contentRect.width, height: HEIGHT }))
    sized.observe(box.current!)
    return () => {
      sized.disconnect()
      made.destroy()
      plot.current = null
    }
  }, [tones, language, lines.length, least])

  useEffect(() => plot.current?.setData(data), [data])

  const [times, ...values] = data
  const at = pointed === null || pointed >= times.length ? times.length - 1 : pointed
  const now = values.map((line) => show(line[at] ?? null))
  const highest = Math.max(0, ...values.flat().map((value) => value ?? 0))
  const told = lines.map((name, i) => `${name} ${now[i]}`).join(', ')
  return (
    <figure className="card flex min-w-0 flex-col px-4 pt-4 pb-2.5">
      <figcaption className="flex flex-wrap items-start justify-between gap-x-4">
        <span className="text-[0.875rem] font-semibold text-soft">{title}</span>
        <span className="text-[0.8125rem] text-faint tabular-nums" aria-hidden="true">
          {pointed === null || times[at] === undefined ? t('admin.now') : clockWithSeconds(times[at], language)}
        </span>
      </figcaption>
      <p aria-hidden="true" className="mt-0.5 mb-2 flex flex-wrap items-baseline gap-x-4 gap-y-0.5">
        {lines.map((name, i) => (
          <span key={name} className="flex items-baseline gap-1.5 whitespace-nowrap">
            <span className="text-[1.375rem] leading-tight font-bold tracking-tight tabular-nums">{now[i]}</span>
            {lines.length > 1 && (
              <span className="flex items-center gap-1.5 text-[0.8125rem] text-soft">
                <Stroke second={i === 1} />
                {name}
              </span>
            )}
          </span>
        ))}
      </p>
      <div
        ref={box}
        role="img"
        aria-label={t('admin.chart', { title, told, highest: show(highest) })}
        className="-mx-1 mt-auto overflow-hidden"
      />
    </figure>
  )
}

/** The line as in the chart: the first stands on water, the second is a bare line, for those who tell no colours apart. */
function Stroke({ second }: { second: boolean }) {
  return (
    <svg viewBox="0 0 14 10" aria-hidden="true" className={`h-2.5 w-3.5 ${second ? 'text-count' : 'text-accent'}`}>
      {!second && <path d="M0 2h14v8H0z" fill="currentColor" opacity="0.25" />}
      <path d={second ? 'M0 5h14' : 'M0 2h14'} stroke="currentColor" strokeWidth="2" />
    </svg>
  )
}

interface Reading {
  axis(value: number): string
  clock(at: number): string
  onPoint(index: number | null): void
}

function appearance(tones: Tones, lines: number, least: number, { axis, clock, onPoint }: Reading) {
  const font = `12px ${tones.font}`
  const pens = [tones.accent, tones.count]
  return {
    ms: 1,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: {
      drag: { x: false, y: false },
      y: false,
      points: { size: 7 },
    },
    hooks: { setCursor: [(u) => onPoint(u.cursor.left !== undefined && u.cursor.left >= 0 ? u.cursor.idx! : null)] },
    scales: {
      x: { range: (_, _from, to) => [(to ?? Date.now()) - SHOWN_MS, to ?? Date.now()] },
      y: { range: (_, _low, high) => [0, Math.max(least, (high ?? 0) * 1.15)] },
    },
    axes: [
      {
        stroke: tones.faint,
        font,
        size: 22,
        gap: 4,
        space: 72,
        grid: { show: false },
        ticks: { show: false },
        // One at the very edge would be cut.
        values: ({ scales }, splits) => splits.map((at) => (EDGE_MS > scales.x!.max! - at ? '' : clock(at))),
      },
      {
        stroke: tones.faint,
        font,
        size: (_, values) => 12 + 7 * Math.max(2, ...(values ?? []).map((text) => text.length)),
        gap: 6,
        space: 36,
        grid: { stroke: tones.line, width: 1 },
        ticks: { show: false },
        values: (_, splits) => splits.map((value) => axis(value)),
      },
    ],
    series: [
      {},
      ...pens.slice(0, lines).map((pen, i) => ({
        stroke: pen,
        width: 1.75,
        // A value between two that are missing makes no line: it is shown as a dot.
        points: { show: true, size: 5, fill: pen, filter: (u: uPlot, of: number) => alone(u.data[of]!) },
        ...(i === 0 && { fill: (u: uPlot) => water(u, pen) }),
      })),
    ],
  } satisfies Omit<uPlot.Options, 'width' | 'height'>
}

/** Deeper below the line, gone at the ground. */
function water(u: uPlot, tone: string): CanvasGradient {
  const { top, height } = u.bbox
  const shade = u.ctx.createLinearGradient(0, top, 0, top + height)
  shade.addColorStop(0, `color-mix(in oklch, ${tone} 26%, transparent)`)
  shade.addColorStop(1, `color-mix(in oklch, ${tone} 3%, transparent)`)
  return shade
}

/** The places of values that stand between two that are missing. */
function alone(values: ArrayLike<number | null | undefined>): number[] {
  const places: number[] = []
  for (let i = 0; i < values.length; i++) {
    if (values[i] != null && values[i - 1] == null && values[i + 1] == null) places.push(i)
  }
  return places
}
