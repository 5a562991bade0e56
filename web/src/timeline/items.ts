import type { Message, Notice, PendingMessage } from '@yeoul/client'
import { sameDay } from '../i18n/time.ts'

/** What stands in the list: a message, one's own on its way, or a line about the room and its members. */
export type Item = Message | PendingMessage | Notice

export const isNotice = (item: Item): item is Notice => 'kind' in item
export const isPending = (item: Item): item is PendingMessage => 'status' in item
export const isMessage = (item: Item): item is Message => 'rev' in item

/** Room over a row for the line "new messages", in px. */
export const LINE_HEIGHT = 72

/** Pending messages stand after everything that has a seq. */
export const seqOf = (item: Item): number => (isPending(item) ? Number.POSITIVE_INFINITY : item.seq)
export const timeOf = (item: Item): number => (isPending(item) ? item.createdAt : item.at)

/** One's own message keeps its key when it turns from pending to sent, so that its row is not made anew. */
export function keyOf(item: Item, me: string): string {
  if (isNotice(item)) return `s${item.seq}`
  if (isPending(item) || item.sender === me) return item.clientMessageId
  return `m${item.seq}`
}

/** Everything in one list. Without notices and pending messages it is the same array that the timeline keeps. */
export function itemsOf(
  messages: readonly Message[],
  notices: readonly Notice[],
  pending: readonly PendingMessage[],
): readonly Item[] {
  if (notices.length === 0) return pending.length === 0 ? messages : [...messages, ...pending]
  const items: Item[] = []
  let from = 0
  for (const notice of notices) {
    const to = firstAfter(messages, notice.seq)
    for (let i = from; i < to; i++) items.push(messages[i]!)
    items.push(notice)
    from = to
  }
  for (let i = from; i < messages.length; i++) items.push(messages[i]!)
  items.push(...pending)
  return items
}

/** The last message at or before an index. */
export function lastMessage(items: readonly Item[], index: number): Message | undefined {
  for (let i = Math.min(index, items.length - 1); i >= 0; i--) {
    const item = items[i]!
    if (isMessage(item)) return item
  }
  return undefined
}

/** The index of the first item whose seq is higher. */
export function firstAfter(items: readonly Item[], seq: number): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (seqOf(items[middle]!) > seq) high = middle
    else low = middle + 1
  }
  return low
}

export function indexOfSeq(items: readonly Item[], seq: number): number {
  const index = firstAfter(items, seq) - 1
  return index >= 0 && seqOf(items[index]!) === seq ? index : -1
}

/** Messages of one person within this time stand together under one name. */
const GROUP_MS = 5 * 60_000

export interface Place {
  /** The day changes above this item. */
  newDay: boolean
  /** The first unread message. */
  firstUnread: boolean
  /** The first of a group: shows who it is. */
  opens: boolean
  /** The last of its minute: shows the time. */
  closes: boolean
}

/** How an item stands among its neighbours. */
export function placeOf(items: readonly Item[], i: number, me: string, unreadAfter: number | null): Place {
  const item = items[i]!
  const before = items[i - 1]
  const after = items[i + 1]
  const newDay = before === undefined || !sameDay(timeOf(before), timeOf(item))
  // `n` counts messages without a gap.
  const firstUnread = unreadAfter !== null && isMessage(item) && item.n === unreadAfter + 1
  const opens = newDay || firstUnread || !joins(before!, item, me)
  const closes = after === undefined || !joins(item, after, me) || !sameMinute(timeOf(item), timeOf(after))
  return { newDay, firstUnread, opens, closes }
}

const senderOf = (item: Item, me: string) => (isNotice(item) ? null : isPending(item) ? me : item.sender)

function joins(before: Item, after: Item, me: string): boolean {
  const sender = senderOf(after, me)
  return sender !== null && sender === senderOf(before, me) && timeOf(after) - timeOf(before) < GROUP_MS
}

const sameMinute = (a: number, b: number) => Math.floor(a / 60_000) === Math.floor(b / 60_000)
