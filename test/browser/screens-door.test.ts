import { test } from 'node:test'
import { DOOR } from './screens/door.ts'
import { inspectScreens } from './screens/inspect.ts'

for (const device of ['desktop', 'phone'] as const) {
  test(`the door and the beginning on a ${device}: axe finds nothing serious and nothing is cut off, in both languages and themes`, () =>
    inspectScreens(DOOR, device))
}
