import type { Surroundings } from '../../load/lab/surroundings.ts'

/** Of a report that was not measured anywhere. */
export const NOWHERE: Surroundings = {
  at: '2026-01-02T03:04:05.000Z',
  machine: { cpu: 'a CPU', cores: 2, memoryGiB: 4, kernel: '6', node: 'v26', disk: 'ext4', load: 0.5 },
  versions: { Yeoul: '0.0.0', Redis: '7.0' },
}
