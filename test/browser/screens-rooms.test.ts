import { test } from 'node:test'
import { inspectScreens } from './screens/inspect.ts'
import { ROOMS } from './screens/rooms.ts'

for (const device of ['desktop', 'phone'] as const) {
  test(`rooms and people on a ${device}: axe finds nothing serious and nothing is cut off, in both languages and themes`, () =>
    inspectScreens(ROOMS, device))
}
