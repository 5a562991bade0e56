import { kindsTable, runsTable } from '../measure/cluster-report.ts'
import { ClusterBench, type ClusterLoad, type ClusterRun } from '../measure/cluster-run.ts'
import { prefixed, reportOf, type Scenario } from './scenario.ts'

export const clusterCosts: Scenario = {
  name: 'cluster-costs',
  about: 'the same load on clusters of other shapes: what a gateway more, the proxy and the log cost',
  cluster: true,
  options: {
    rate: { quick: 1_000, full: 1_000, about: 'messages a second, the same for all' },
    rooms: { quick: 500, full: 500, about: 'rooms' },
    members: { quick: 10, full: 10, about: 'members of each room' },
    redis: { quick: 1, full: 1, about: '0 leaves out the Redis log' },
    body: { quick: 64, full: 64, about: 'characters of a message' },
    'warm-up': { quick: 8, full: 15, about: 'seconds before measuring' },
    seconds: { quick: 10, full: 30, about: 'seconds measured, for each shape' },
  },
  async run(options) {
    const three: ClusterLoad = {
      log: 'sql',
      gateways: 3,
      workers: 2,
      apis: 1,
      rooms: options.rooms!,
      members: options.members!,
      bodyLength: options.body!,
      generators: 1,
      direct: false,
      flushMs: 50,
    }
    const shapes: { name: string; load: ClusterLoad }[] = [
      { name: '3 gateways, log=sql', load: three },
      { name: '2 gateways', load: { ...three, gateways: 2 } },
      { name: '1 gateway', load: { ...three, gateways: 1 } },
      { name: '3 gateways, past nginx', load: { ...three, direct: true } },
    ]
    if (options.redis === 1) shapes.push({ name: '3 gateways, log=redis', load: { ...three, log: 'redis' } })
    const rows: { name: string; run: ClusterRun }[] = []
    const invariants: Record<string, boolean> = {}
    for (const { name, load } of shapes) {
      const bench = await ClusterBench.start(load)
      try {
        const run = await bench.run(options.rate!, options['warm-up']!, options.seconds!)
        const audit = await bench.audit()
        rows.push({ name, run })
        Object.assign(invariants, prefixed(name, { ...run.invariants, ...audit.invariants }))
      } finally {
        await bench.stop()
      }
    }
    const title = `cluster-costs: ${options.rate} messages/s in ${options.rooms} rooms of ${options.members}`
    return {
      tables: [runsTable(title, rows), kindsTable(`${title}, cores by kind of process`, rows)],
      invariants,
      notes: [],
      data: Object.fromEntries(
        rows.map(({ name, run: { measured, counts, messages } }) => [
          name,
          { measured: reportOf(measured), counts, messages },
        ]),
      ),
    }
  },
}
