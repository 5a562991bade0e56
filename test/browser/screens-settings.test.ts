import { test } from 'node:test'
import { inspectScreens } from './screens/inspect.ts'
import { SETTINGS } from './screens/pages.ts'

for (const device of ['desktop', 'phone'] as const) {
  test(`the settings on a ${device}: axe finds nothing serious and nothing is cut off, in both languages and themes`, () =>
    inspectScreens(SETTINGS, device))
}
