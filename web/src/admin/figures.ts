import { useQuery, useQueryClient } from '@tanstack/react-query'
import type { FiguresPoint } from '@yeoul/client'
import { useClient } from '../session/client.ts'

export const SHOWN_MS = 10 * 60_000
/** What a missing answer is worth waiting for before the line breaks. */
const GAP = 3

interface Figures {
  everyMs: number
  points: FiguresPoint[]
}

/** The figures of the last ten minutes: filled at once, then carried on while somebody looks at the page. */
export function useFigures() {
  const { api } = useClient()
  const queries = useQueryClient()
  const queryKey = ['admin', 'figures']
  return useQuery({
    queryKey,
    queryFn: async (): Promise<Figures> => {
      const before = queries.getQueryData<Figures>(queryKey)?.points ?? []
      const { everyMs, points } = await api.admin.figures(before.at(-1)?.at)
      return { everyMs, points: carriedOn(before, points) }
    },
    // Stands still while the tab is hidden; what was missed is asked for when it is seen again.
    refetchInterval: (query) => query.state.data?.everyMs ?? 2_000,
    staleTime: 0,
  })
}

/** The nodes sample each for themselves: what another one answers may overlap with what is known. */
function carriedOn(before: FiguresPoint[], came: FiguresPoint[]): FiguresPoint[] {
  const known = before.at(-1)?.at ?? 0
  const points = [...before, ...came.filter(({ at }) => at > known)]
  const newest = points.at(-1)?.at ?? 0
  return points.filter(({ at }) => at > newest - SHOWN_MS)
}

export type Line = (number | null)[]

/** Columns for a chart. Where nothing was measured for a while the line is broken, not drawn across. */
export function columns(
  { points, everyMs }: Figures,
  ...read: ((point: FiguresPoint) => number | null)[]
): [number[], ...Line[]] {
  const times: number[] = []
  const lines: Line[] = read.map(() => [])
  for (const [i, point] of points.entries()) {
    const before = points[i - 1]
    if (before !== undefined && point.at - before.at > GAP * everyMs) {
      times.push(before.at + everyMs)
      for (const line of lines) line.push(null)
    }
    times.push(point.at)
    for (const [of, line] of lines.entries()) line.push(read[of]!(point))
  }
  return [times, ...lines]
}

export interface Minute {
  at: number
  connections: number
  messagesPerSecond: number
  deliveriesPerSecond: number
  deliveryP99Ms: number | null
  ackP99Ms: number | null
  backlog: number
}

/** The same in rows of a minute each, the newest first: the mean of rates, the worst of times and backlogs. */
export function byMinute(points: readonly FiguresPoint[]): Minute[] {
  const minutes = new Map<number, FiguresPoint[]>()
  for (const point of points) {
    const at = Math.floor(point.at / 60_000) * 60_000
    const known = minutes.get(at)
    if (known === undefined) minutes.set(at, [point])
    else known.push(point)
  }
  return [...minutes]
    .map(([at, of]) => ({
      at,
      connections: Math.max(...of.map((point) => point.connections)),
      messagesPerSecond: mean(of.map((point) => point.messagesPerSecond)),
      deliveriesPerSecond: mean(of.map((point) => point.deliveriesPerSecond)),
      deliveryP99Ms: worst(of.map((point) => point.deliveryP99Ms)),
      ackP99Ms: worst(of.map((point) => point.ackP99Ms)),
      backlog: Math.max(...of.map((point) => point.backlog)),
    }))
    .reverse()
}

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

function worst(values: (number | null)[]): number | null {
  const measured = values.filter((value) => value !== null)
  return measured.length === 0 ? null : Math.max(...measured)
}
