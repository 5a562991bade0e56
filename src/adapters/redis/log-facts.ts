import type { Appended } from '../../ports/log.ts'
import type { Answers, LogLoads, Questions } from '../sql/postgres/log-loads.ts'
import { loadOf } from './log-call.ts'
import type { Waiting } from './log-drafts.ts'
import { writeMessage } from './log-functions.ts'
import type { Relay } from './log-relay.ts'

/** What the database said for a call: of which epoch of the partition, and the rooms that it starts from. */
export interface Loads {
  epoch: string
  /** By room, as log.lua takes them. */
  rooms: Map<string, string>
}

/** A repeat that the database knows: its draft needs no log. */
export interface Known {
  waiting: Waiting
  answer: Appended
}

/** Asks the database what drafts need, and writes it to their facts. */
export class FactFinder {
  readonly #loads: LogLoads
  readonly #relay: Relay

  constructor(loads: LogLoads, relay: Relay) {
    this.#loads = loads
    this.#relay = relay
  }

  /**
   * Answers what was loaded, and which of the drafts are repeats by the database. Rejects `unavailable`.
   */
  async find(partition: number, waiting: Waiting[]): Promise<{ loads: Loads; known: Known[] }> {
    const asked = questionsOf(partition, waiting)
    let answers = await this.#loads.ask(asked.questions)
    const behind = roomsBehind(asked.questions, answers)
    if (behind.length > 0) {
      // Members whose join is not in the log yet are none there.
      for (const room of behind) await this.#relay.bring(room)
      answers = await this.#loads.ask(asked.questions)
    }
    return { loads: loadsOf(asked.questions, answers), known: noteFacts(asked, answers) }
  }
}

/** The questions, and which draft asked each of them. */
interface Asked {
  questions: Required<Questions>
  messages: Waiting[]
  repeats: Waiting[]
  waiting: Waiting[]
}

function questionsOf(partition: number, waiting: Waiting[]): Asked {
  const rooms = new Set<string>()
  const members = new Map<string, { room: string; user: string }>()
  const asked: Asked = {
    questions: { partition, rooms: [], members: [], messages: [], repeats: [] },
    messages: [],
    repeats: [],
    waiting,
  }
  for (const each of waiting) {
    const { draft, need } = each
    const { room, actor } = draft
    if (need === 'r') rooms.add(room)
    // Of a room that is cold everything will be asked for.
    const whole = need === 'r'
    if (whole || need === 'u') members.set(memberKey(room, actor), { room, user: actor })
    const target = draft.type === 'message' ? draft.replyTo : draft.target
    if ((whole || need === 't') && target !== null) {
      const emoji = draft.type === 'reaction' ? draft.emoji : ''
      asked.questions.messages.push({ room, seq: target, user: actor, emoji })
      asked.messages.push(each)
    }
    if ((whole || need === 'q') && draft.type === 'message' && draft.retry) {
      asked.questions.repeats.push({ room, user: actor, clientMessageId: draft.clientMessageId })
      asked.repeats.push(each)
    }
  }
  asked.questions.rooms = [...rooms]
  asked.questions.members = [...members.values()]
  return asked
}

function roomsBehind({ rooms, members }: Required<Questions>, answers: Answers): string[] {
  const behind = new Set<string>()
  for (const [i, room] of answers.rooms.entries()) if (room?.waiting) behind.add(rooms[i] as string)
  for (const [i, { waiting }] of answers.members.entries())
    if (waiting) behind.add((members[i] as { room: string }).room)
  return [...behind]
}

function loadsOf({ rooms }: Required<Questions>, { epoch, rooms: loaded }: Answers): Loads {
  return { epoch: String(epoch), rooms: new Map(rooms.map((room, i) => [room, loadOf(loaded[i] ?? null)])) }
}

function noteFacts({ questions, messages, repeats, waiting }: Asked, answers: Answers): Known[] {
  const members = new Map(
    questions.members.map(({ room, user }, i) => [memberKey(room, user), answers.members[i]?.member === true]),
  )
  for (const { draft, facts } of waiting) {
    const member = members.get(memberKey(draft.room, draft.actor))
    if (member !== undefined) facts.member = member ? '1' : '0'
  }
  for (const [i, { draft, facts }] of messages.entries()) {
    const found = answers.messages[i] ?? null
    if (found === null) continue
    const { head, message, reacted } = found
    if (draft.type === 'message') facts.there = `${head} ${message === null ? 0 : 1}`
    else facts.given = `${head} ${reacted ? 1 : 0} ${message === null ? '-' : writeMessage(message)}`
  }
  const known: Known[] = []
  for (const [i, each] of repeats.entries()) {
    const first = answers.repeats[i] ?? null
    if (first === null) each.facts.ask = false
    else known.push({ waiting: each, answer: { ok: true, ...first, duplicate: true } })
  }
  return known
}

function memberKey(room: string, user: string): string {
  return `${room} ${user}`
}
