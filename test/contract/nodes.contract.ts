import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { newId } from '../../src/core/ids.ts'
import type { NodeRegistry } from '../../src/ports/nodes.ts'
import type { NodeIdentity, NodeReport } from '../../src/protocol/model-admin.ts'
import { eventually } from '../support/witnesses.ts'

export function identity(name: string): NodeIdentity {
  return { id: newId(), name, roles: ['gateway', 'api'], version: '1.2.3', startedAt: 1_700_000_000_000, keys: ['k1'] }
}

export const report: NodeReport = {
  ...{ state: 'ready', connections: 3, sessions: 2, hotRooms: 1, sendsPerSecond: 0.5, load: 0.25, memory: 1_000_000 },
  ...{ deliveriesPerSecond: 7, deliveryP99Ms: 12.5, ackP99Ms: null, backlog: 3 },
}

/** What every registry promises, as one node sees it. */
export function nodesContract(name: string, open: (self: NodeIdentity) => Promise<NodeRegistry>): void {
  describe(`nodes: ${name}`, () => {
    let nodes: NodeRegistry
    const self = identity('one')

    beforeEach(async () => {
      nodes = await open(self)
    })
    afterEach(() => nodes.stop())

    test('a node that has started is on the list, with what it says of itself', async () => {
      assert.deepEqual(await nodes.list(), [])
      await nodes.start(() => report)
      const [mine, ...others] = await nodes.list()
      assert.deepEqual(others, [])
      assert.ok(mine !== undefined && Math.abs(mine.seenAt - Date.now()) < 5_000, 'seenAt is a time')
      assert.deepEqual(mine, { ...self, ...report, seenAt: mine.seenAt })
    })

    test('what it says is brought up to date about once a second', async () => {
      let connections = 0
      await nodes.start(() => ({ ...report, connections: ++connections }))
      const before = (await nodes.list())[0]?.connections ?? Number.NaN
      const now = async () => (await nodes.list())[0]?.connections ?? Number.NaN
      await eventually(
        async () => (await now()) > before,
        () => `still ${before}`,
      )
    })

    test('a node that stopped is not on the list', async () => {
      await nodes.start(() => report)
      await nodes.stop()
      assert.deepEqual(await nodes.list(), [])
    })
  })
}
