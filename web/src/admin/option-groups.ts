import type { ConfigItem } from '@yeoul/client'

/** What belongs together for somebody who looks for an option, the everyday first. */
const GROUPS = {
  people: ['registration', 'rateLimit', 'refreshTokenMs', 'accessTokenMs', 'allowedOrigins'],
  messages: [
    'limits.bodyLength',
    'limits.sendsPerSecond',
    'limits.reactionsPerMessage',
    'limits.readReceiptMembers',
    'limits.presenceNames',
  ],
  connections: [
    'maxConnections',
    'maxConnectionsPerAddress',
    'limits.subscriptions',
    'limits.watched',
    'limits.inFlight',
    'limits.catchUp',
    'limits.frameBytes',
    'heartbeatMs',
    'helloTimeoutMs',
    'slowConsumerMs',
    'writeQueueBytes',
    'drainMs',
  ],
  flow: ['flushMs', 'pendingAppends', 'appendBatch', 'hotRooms', 'hotTail', 'presenceTickMs', 'watchTickMs'],
  server: ['publicUrl', 'host', 'port', 'nodeName', 'roles', 'dataDir', 'logLevel', 'trustedProxies'],
  cluster: [
    'databaseUrl',
    'redisUrl',
    'log',
    'partitions',
    'persistBatch',
    'persistIntervalMs',
    'persistTries',
    'repeatWindowMs',
  ],
  secrets: ['jwtSecret', 'jwtPreviousSecret', 'apiKey', 'metricsToken'],
} as const

export type OptionGroup = keyof typeof GROUPS | 'other'

/** The options in their groups; one that this page does not know yet stands among the others, at the end. */
export function grouped(items: readonly ConfigItem[]): { group: OptionGroup; items: ConfigItem[] }[] {
  const left = new Map(items.map((item) => [item.key, item]))
  const groups = Object.entries(GROUPS).map(([group, keys]) => {
    const found = keys.flatMap((key) => left.get(key) ?? [])
    for (const { key } of found) left.delete(key)
    return { group: group as OptionGroup, items: found }
  })
  return [...groups, { group: 'other' as const, items: [...left.values()] }].filter((each) => each.items.length > 0)
}
