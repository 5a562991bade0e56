import { MemoryBus } from '../../src/adapters/memory/bus.ts'
import { MemoryNodes } from '../../src/adapters/memory/nodes.ts'
import { MemoryPresence } from '../../src/adapters/memory/presence.ts'
import { busContract } from './bus.contract.ts'
import { nodesContract } from './nodes.contract.ts'
import { presenceContract } from './presence.contract.ts'

busContract('memory', async () => ({ nodes: [new MemoryBus()], close: async () => {} }))
presenceContract('memory', async () => new MemoryPresence())
nodesContract('memory', async (self) => new MemoryNodes(self))
