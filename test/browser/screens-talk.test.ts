import { test } from 'node:test'
import { inspectScreens } from './screens/inspect.ts'
import { TALK } from './screens/talk.ts'

for (const device of ['desktop', 'phone'] as const) {
  test(`reading and writing on a ${device}: axe finds nothing serious and nothing is cut off, in both languages and themes`, () =>
    inspectScreens(TALK, device))
}
