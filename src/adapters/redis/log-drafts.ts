import { hash } from 'node:crypto'
import type { Appended, Draft } from '../../ports/log.ts'
import { type ErrorCode, YeoulError } from '../../protocol/errors.ts'
import type { RedisArgument } from './connection.ts'

/** What the database said that a draft needs; '' each while it was not asked. See log-append.lua. */
export interface Facts {
  member: '' | '0' | '1'
  /** Of the message that is edited, deleted or reacted to. */
  given: string
  /** Whether there is a message at the seq that a message answers. */
  there: string
  /** What the database has to be asked for once more: repeats of a message that is marked as a retry. */
  ask: boolean
}

/** A draft on its way, and where its answer belongs. */
export interface Waiting {
  draft: Draft
  place: number
  facts: Facts
  /** What the log needs to hear from the database first. */
  need: Need
}

/** r: the room, u: the user's membership, t: the message that it is about, q: repeats, w: only what comes before it. */
export type Need = 'r' | 'u' | 't' | 'q' | 'w'

export function waitingOf(draft: Draft, place: number): Waiting {
  const ask = draft.type === 'message' && draft.retry
  return { draft, place, facts: { member: '', given: '', there: '', ask }, need: 'w' }
}

/** Bytes that a draft takes on its way, about. */
export function sizeOf({ draft }: Waiting): number {
  return 400 + ('body' in draft ? draft.body.length * 2 : 0)
}

/** The arguments of one draft of `append`. */
export function argumentsOf({ draft, facts }: Waiting): RedisArgument[] {
  const { actor } = draft
  const { member, given } = facts
  switch (draft.type) {
    case 'message': {
      const key = repeatKey(draft.room, actor, draft.clientMessageId)
      return ['m', actor, member, key, facts.ask ? '1' : '0', draft.replyTo ?? '', facts.there, messageJson(draft)]
    }
    case 'edit': {
      const mentions = draft.mentions.length === 0 ? '' : JSON.stringify(draft.mentions)
      return ['e', actor, member, draft.target, given, draft.body, mentions, changeJson(draft)]
    }
    case 'delete':
      return ['d', actor, member, draft.target, given, draft.moderate ? '1' : '0', changeJson(draft)]
    case 'reaction': {
      const { emoji, on, most } = draft
      const json = `${changeJson(draft)},"emoji":${JSON.stringify(emoji)},"on":${on}`
      return ['r', actor, member, draft.target, given, emoji, on ? '1' : '0', most, json]
    }
  }
}

/** 132 bits that stand for a room, a sender and the sender's own id of a message. */
function repeatKey(room: string, actor: string, clientMessageId: string): string {
  return hash('sha256', `${room} ${actor} ${clientMessageId}`, 'base64url').slice(0, 22)
}

function messageJson(draft: Draft & { type: 'message' }): string {
  const { actor, clientMessageId, body, replyTo, mentions, files } = draft
  let json = `"type":"message","actor":${JSON.stringify(actor)},"clientMessageId":${JSON.stringify(clientMessageId)}`
  json += `,"body":${JSON.stringify(body)}`
  if (replyTo !== null) json += `,"replyTo":${replyTo}`
  if (mentions.length > 0) json += `,"mentions":${JSON.stringify(mentions)}`
  if (files.length > 0) json += `,"files":${JSON.stringify(files)}`
  return json
}

function changeJson({ type, actor, target }: Exclude<Draft, { type: 'message' }>): string {
  return `"type":"${type}","actor":${JSON.stringify(actor)},"target":${target}`
}

/** What the log answered to one draft: what came of it, or what it needs first. */
export function readAnswer(answer: string): Appended | { need: Need } {
  const [what, ...rest] = answer.split(' ')
  switch (what) {
    case 'a':
    case 'd': {
      const [epoch, seq, n, at] = rest.map(Number) as [number, number, number, number]
      return { ok: true, epoch, seq, n, at, duplicate: what === 'd' }
    }
    case 'r':
      return { ok: false, code: rest[0] as ErrorCode }
    case '?':
      return { need: rest[0] as Need }
  }
  throw new Error(`the log answered ${answer}`)
}

/** The code of a failure that has one. Throws what is a fault of the program. */
export function codeOf(error: unknown): ErrorCode {
  if (error instanceof YeoulError) return error.code
  throw error
}
