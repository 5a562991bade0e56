import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { ConfigChange } from '../../src/protocol/model-admin.ts'
import { code, newUser, type OpenEmptyStore, type OpenStore, type Store } from './store.ts'

/** What every keeper of settings promises. */
export function settingsContract(open: OpenEmptyStore): void {
  describe('settings', () => {
    let opened: OpenStore
    let store: Store
    let actor: string
    const made: ConfigChange[] = []
    before(async () => {
      opened = await open()
      store = opened.store
      actor = await newUser(store)
    })
    after(() => opened.close())

    const change = (to: number): Omit<ConfigChange, 'version'> => ({
      at: 1_000 + to,
      actor,
      changes: {
        'limits.bodyLength': { from: to - 1, to },
        allowedOrigins: { from: [], to: ['https://여울.example'] },
      },
    })

    test('nothing was changed at first', async () => {
      const { settings } = store
      assert.equal(await settings.version(), 0)
      assert.deepEqual(await settings.after(0, 10), [])
      assert.deepEqual(await settings.history(null, 10), { items: [], nextCursor: null })
    })

    test('each change is the next version, and is read as it was made, restarts included', async () => {
      for (let version = 0; version < 5; version++) {
        await store.settings.append(version, change(version))
        made.push({ version: version + 1, ...change(version) })
      }
      store = await opened.reopen()
      const { settings } = store
      assert.equal(await settings.version(), 5)
      assert.deepEqual(await settings.after(0, 10), made)
      assert.deepEqual(await settings.after(2, 2), made.slice(2, 4))
      assert.deepEqual(await settings.after(5, 2), [])
    })

    test('of many at once with one version in mind, one succeeds; the others are told', async () => {
      const { settings } = store
      const outcomes = await Promise.allSettled(Array.from({ length: 8 }, (_, i) => settings.append(5, change(10 + i))))
      const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
      assert.equal(refused.length, 7)
      for (const { reason } of refused) assert.equal(reason.code, 'config_changed')
      assert.equal(await settings.version(), 6)
      await assert.rejects(settings.append(5, change(30)), code('config_changed'))
      await assert.rejects(settings.append(7, change(30)), code('config_changed'))
      made.push(...(await settings.after(5, 10)))
      assert.equal(made.length, 6)
    })

    test('the history is read in pages, the newest first', async () => {
      const { settings } = store
      const read: ConfigChange[] = []
      let cursor: string | null = null
      do {
        const page = await settings.history(cursor, 4)
        read.push(...page.items)
        cursor = page.nextCursor
      } while (cursor !== null)
      assert.deepEqual(read, made.toReversed())
      await assert.rejects(settings.history('nonsense', 4), code('bad_request'))
    })
  })
}
