import { YeoulError } from './errors.ts'
import type { Command } from './frames.ts'
import { CLIENT_MESSAGE_ID_LENGTH, EMOJI_LENGTH } from './limits.ts'

/** Ids are UUIDs in lower case: anything else names no room, and must never reach a query or a map as a key. */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** The commands of a frame: a JSON object, or an array of them. Rejects `bad_frame`. */
export function decodeFrame(text: string): Record<string, unknown>[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new YeoulError('bad_frame')
  }
  if (!Array.isArray(value)) value = [value]
  for (const item of value as unknown[]) {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) throw new YeoulError('bad_frame')
  }
  return value as Record<string, unknown>[]
}

/**
 * One item of a frame as a command. Written by hand: it runs once per message. Unknown fields are passed over.
 * Rejects `bad_request` (naming the field) and `unknown_op`.
 */
export function checkCommand(item: Record<string, unknown>): Command {
  if (!isId(item.id)) bad('id', 'a number that names the command')
  switch (item.op) {
    case 'send':
      room(item)
      string(item, 'clientMessageId', CLIENT_MESSAGE_ID_LENGTH.min, CLIENT_MESSAGE_ID_LENGTH.max)
      if (typeof item.body !== 'string') bad('body', 'a string')
      if (item.replyTo !== undefined) seq(item, 'replyTo', 1)
      if (item.fileIds !== undefined && !isStrings(item.fileIds)) bad('fileIds', 'an array of strings')
      flag(item, 'retry')
      break
    case 'hello':
    case 'refresh':
      string(item, 'token', 1, 8_192)
      break
    case 'subscribe':
      room(item)
      if (item.position !== undefined) position(item.position)
      break
    case 'watch':
      if (item.rooms !== 'all' && !(isStrings(item.rooms) && item.rooms.every((id) => UUID.test(id))))
        bad('rooms', '"all" or an array of room ids')
      break
    case 'edit':
      room(item)
      seq(item, 'seq', 1)
      if (typeof item.body !== 'string') bad('body', 'a string')
      if (item.epoch !== undefined) seq(item, 'epoch', 0)
      break
    case 'delete':
      room(item)
      seq(item, 'seq', 1)
      if (item.epoch !== undefined) seq(item, 'epoch', 0)
      break
    case 'react':
      room(item)
      seq(item, 'seq', 1)
      string(item, 'emoji', EMOJI_LENGTH.min, EMOJI_LENGTH.max)
      if (typeof item.on !== 'boolean') bad('on', 'true or false')
      if (item.epoch !== undefined) seq(item, 'epoch', 0)
      break
    case 'read':
      room(item)
      seq(item, 'seq', 0)
      if (item.epoch !== undefined) seq(item, 'epoch', 0)
      break
    case 'events':
      room(item)
      seq(item, 'after', 0)
      seq(item, 'epoch', 0)
      if (item.limit !== undefined) seq(item, 'limit', 1)
      break
    case 'unsubscribe':
    case 'typing':
    case 'presence':
      room(item)
      break
    case 'ping':
      break
    default:
      throw new YeoulError('unknown_op', typeof item.op === 'string' ? undefined : '`op` must be a string.')
  }
  return item as unknown as Command
}

function bad(field: string, wanted: string): never {
  throw new YeoulError('bad_request', `\`${field}\` must be ${wanted}.`)
}

/** Whether a value can be the id of a command: it comes back as `re`. */
export function isId(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value)
}

function room(item: Record<string, unknown>): void {
  if (typeof item.room !== 'string') bad('room', 'the id of a room')
  if (!UUID.test(item.room)) throw new YeoulError('room_not_found')
}

function seq(item: Record<string, unknown>, field: string, least: number): void {
  const value = item[field]
  if (!Number.isSafeInteger(value) || (value as number) < least) bad(field, `a whole number of at least ${least}`)
}

function string(item: Record<string, unknown>, field: string, min: number, max: number): void {
  const value = item[field]
  if (typeof value !== 'string' || value.length < min || value.length > max)
    bad(field, `a string of ${min} to ${max} characters`)
  if (!value.isWellFormed() || value.includes('\0')) throw new YeoulError('bad_text')
}

function flag(item: Record<string, unknown>, field: string): void {
  if (item[field] !== undefined && typeof item[field] !== 'boolean') bad(field, 'true or false')
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}

function position(value: unknown): void {
  if (typeof value !== 'object' || value === null) bad('position', '{epoch, seq}')
  seq(value as Record<string, unknown>, 'epoch', 0)
  seq(value as Record<string, unknown>, 'seq', 0)
}
