import { channelOf, counterOf } from './bus-feed.ts'
import { Library } from './library.ts'

export const presenceLibrary = new Library(
  'presence',
  new URL('./bus.lua', import.meta.url),
  new URL('./presence.lua', import.meta.url),
)

/** Node id -> version of its entries. */
export const versionsOf = (tag: string): string => `yeoul:{${tag}}:presence`
export const entriesOf = (tag: string, node: string): string => `yeoul:{${tag}}:presence:${node}`

/** The keys of all functions that write a node's entries. */
export function writtenKeys(tag: string, node: string): [string, ...string[]] {
  return [entriesOf(tag, node), versionsOf(tag), counterOf(tag), channelOf(tag)]
}
