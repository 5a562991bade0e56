import type { Appended, Draft } from '../../../ports/log.ts'
import { jsonList } from '../event-rows.ts'
import {
  AppendPlan,
  type HeldRoom,
  type KeyedDraft,
  placeOf,
  reactionOf,
  type Seen,
  type Target,
} from './append-plan.ts'
import {
  ERASE_MENTIONS,
  ERASE_REACTIONS,
  EXCEPTIONS,
  HOLD_ROOMS,
  PATCH,
  REACTIONS,
  STORE,
  STORE_CHANGES,
  STORE_MENTIONS,
  STORE_REACTIONS,
  TAKE_REACTIONS_BACK,
  TARGETS,
  TRIM_MENTIONS,
} from './append-sql.ts'
import { numbers, texts } from './arrays.ts'
import type { Keys } from './keys.ts'
import type { Connection, Pool } from './pool.ts'
import { settled, type Transactions } from './transactions.ts'

type RoomColumns = [pk: number, epoch: number, seq: number, n: number, lastMessageSeq: number | null, livelyAt: number]
type ExceptionColumns = [i: number, outsider: boolean, seq: number | null, n: number, at: number]
type TargetColumns = [
  roomPk: number,
  seq: number,
  actorPk: number,
  deletedAt: number | null,
  rev: number,
  reactions: string | null,
  n: number,
]

/**
 * The hot path: one transaction for a batch, two round trips. The first holds the rooms and then looks at what the drafts
 * meet (a statement of its own sees what was committed while it waited for a room); the second stores and commits.
 */
export class Appender {
  readonly #pool: Pool
  readonly #transactions: Transactions
  readonly #keys: Keys

  constructor(pool: Pool, transactions: Transactions, keys: Keys) {
    this.#pool = pool
    this.#transactions = transactions
    this.#keys = keys
  }

  append(now: () => number, drafts: Draft[]): Promise<Appended[]> {
    if (drafts.length === 0) return Promise.resolve([])
    const rooms = drafts.map((draft) => draft.room)
    return this.#transactions.run(this.#pool, rooms, async (connection) => {
      const keyed = await this.#keyed(connection, drafts)
      const seen = await look(connection, keyed)
      const at = now()
      const plan = new AppendPlan(at, keyed, seen)
      return { value: plan.results, lastWrites: store(connection, at, plan) }
    })
  }

  async #keyed(connection: Connection, drafts: Draft[]): Promise<KeyedDraft[]> {
    const [rooms, users] = await settled([
      this.#keys.ofRooms(
        connection,
        drafts.map((draft) => draft.room),
      ),
      this.#keys.ofUsers(
        connection,
        drafts.map((draft) => draft.actor),
      ),
    ])
    return drafts.map((draft) => ({ draft, roomPk: rooms.get(draft.room), actorPk: users.get(draft.actor) }))
  }
}

/** Holds the rooms, then sees what is stored. The statements travel together and run one after the other. */
async function look(connection: Connection, drafts: KeyedDraft[]): Promise<Seen> {
  const rooms = new Set<number>()
  const places: [i: number, roomPk: number, actorPk: number, id: string | null][] = []
  const targets = new Map<string, [roomPk: number, seq: number]>()
  const reactions: [roomPk: number, target: number, userPk: number, emoji: string][] = []
  drafts.forEach(({ draft, roomPk, actorPk }, i) => {
    if (roomPk === undefined || actorPk === undefined) return
    rooms.add(roomPk)
    places.push([i, roomPk, actorPk, draft.type === 'message' ? draft.clientMessageId : null])
    const target = draft.type === 'message' ? draft.replyTo : draft.target
    if (target !== null) targets.set(placeOf(roomPk, target), [roomPk, target])
    if (draft.type === 'reaction') reactions.push([roomPk, draft.target, actorPk, draft.emoji])
  })
  const none: Promise<never[]> = Promise.resolve([])
  const [held, exceptions, found, reacted] = await settled([
    connection.rows<RoomColumns>(HOLD_ROOMS, [numbers([...rooms])]),
    connection.rows<ExceptionColumns>(EXCEPTIONS, [
      numbers(places.map((place) => place[0])),
      numbers(places.map((place) => place[1])),
      numbers(places.map((place) => place[2])),
      texts(places.map((place) => place[3])),
    ]),
    targets.size === 0
      ? none
      : connection.rows<TargetColumns>(TARGETS, [
          numbers([...targets.values()].map((place) => place[0])),
          numbers([...targets.values()].map((place) => place[1])),
        ]),
    reactions.length === 0
      ? none
      : connection.rows<[number, number, number, string]>(REACTIONS, [
          numbers(reactions.map((each) => each[0])),
          numbers(reactions.map((each) => each[1])),
          numbers(reactions.map((each) => each[2])),
          texts(reactions.map((each) => each[3])),
        ]),
  ])
  return {
    rooms: new Map(held.map((row) => [row[0], heldRoom(row)])),
    outsiders: new Set(exceptions.filter((row) => row[1]).map((row) => row[0])),
    repeats: new Map(exceptions.flatMap(([i, , seq, n, at]) => (seq === null ? [] : [[i, { seq, n, at }]]))),
    targets: new Map(found.map((row) => [placeOf(row[0], row[1]), targetOf(row)])),
    reactions: new Set(reacted.map((row) => reactionOf(...row))),
  }
}

function heldRoom([pk, epoch, seq, n, lastMessageSeq, livelyAt]: RoomColumns): HeldRoom {
  return { pk, epoch, storedSeq: seq, livelyAt, seq, n, lastMessageSeq, touched: false }
}

function targetOf([, , actorPk, deletedAt, rev, reactions, n]: TargetColumns): Target {
  return { n, actorPk, deleted: deletedAt !== null, rev, reactions }
}

/** Sends what the plan stores; the answers come together with that of the commit. */
function store(connection: Connection, at: number, plan: AppendPlan): Promise<unknown>[] {
  const rooms = plan.touchedRooms()
  if (rooms.length === 0) return []
  const { messages, changes } = plan
  // In the order in which gathered cursors are written too: neither waits for the other in a circle.
  const cursors = [...plan.cursors.values()].sort((a, b) => a.room.pk - b.room.pk || a.actorPk - b.actorPk)
  const writes: Promise<unknown>[] = [
    connection.rows(STORE, [
      at,
      numbers(messages.map((message) => message.room.pk)),
      numbers(messages.map((message) => message.seq)),
      numbers(messages.map((message) => message.actorPk)),
      numbers(messages.map((message) => message.n)),
      texts(messages.map((message) => message.draft.clientMessageId)),
      texts(messages.map((message) => message.draft.body)),
      numbers(messages.map((message) => message.draft.replyTo)),
      texts(messages.map((message) => jsonList(message.draft.mentions))),
      texts(messages.map((message) => jsonList(message.draft.files))),
      numbers(rooms.map((room) => room.pk)),
      numbers(rooms.map((room) => room.seq)),
      numbers(rooms.map((room) => room.n)),
      numbers(rooms.map((room) => room.lastMessageSeq)),
      numbers(rooms.map((room) => (plan.hasSpoken(room) ? at : null))),
      numbers(rooms.map((room) => (plan.isLivelier(room) ? at : null))),
      numbers(cursors.map((message) => message.room.pk)),
      numbers(cursors.map((message) => message.actorPk)),
      numbers(cursors.map((message) => message.seq)),
      numbers(cursors.map((message) => message.n)),
    ]),
  ]
  if (changes.length > 0) {
    writes.push(
      connection.rows(STORE_CHANGES, [
        at,
        numbers(changes.map((change) => change.room.pk)),
        numbers(changes.map((change) => change.seq)),
        numbers(changes.map((change) => change.type)),
        numbers(changes.map((change) => change.actorPk)),
        numbers(changes.map((change) => change.n)),
        numbers(changes.map((change) => change.target)),
        texts(changes.map((change) => change.detail)),
        numbers(changes.map((change) => change.on)),
      ]),
      ...patch(connection, at, plan),
    )
  }
  const mentions = plan.mentions()
  if (mentions.length > 0) {
    const mentionRooms = numbers(mentions.map((each) => each.roomPk))
    const mentioned = texts(mentions.map((each) => each.user))
    writes.push(
      connection.rows(STORE_MENTIONS, [
        mentionRooms,
        numbers(mentions.map((each) => each.seq)),
        numbers(mentions.map((each) => each.n)),
        numbers(mentions.map((each) => each.actorPk)),
        mentioned,
      ]),
      connection.rows(TRIM_MENTIONS, [mentionRooms, mentioned]),
    )
  }
  return writes
}

function patch(connection: Connection, at: number, plan: AppendPlan): Promise<unknown>[] {
  const patches = [...plan.patches.values()]
  const reactions = [...plan.reactions.values()]
  const on = reactions.filter((each) => each.seq !== null)
  const off = reactions.filter((each) => each.seq === null)
  const erased = patches.filter((each) => each.deleted)
  const changed = patches.filter((each) => each.deleted || each.edit !== null)
  const writes: Promise<unknown>[] = [
    connection.rows(PATCH, [
      at,
      numbers(patches.map((each) => each.roomPk)),
      numbers(patches.map((each) => each.seq)),
      numbers(patches.map((each) => each.rev)),
      numbers(patches.map((each) => (each.edit === null ? 0 : 1))),
      texts(patches.map((each) => each.edit?.body ?? null)),
      texts(patches.map((each) => (each.edit === null ? null : jsonList(each.edit.mentions)))),
      numbers(patches.map((each) => Number(each.deleted))),
      numbers(patches.map((each) => Number(each.reacted))),
      texts(patches.map((each) => each.reactions)),
    ]),
  ]
  if (on.length > 0) {
    writes.push(
      connection.rows(STORE_REACTIONS, [
        numbers(on.map((each) => each.roomPk)),
        numbers(on.map((each) => each.target)),
        texts(on.map((each) => each.emoji)),
        numbers(on.map((each) => each.userPk)),
        numbers(on.map((each) => each.seq)),
      ]),
    )
  }
  if (off.length > 0) {
    writes.push(
      connection.rows(TAKE_REACTIONS_BACK, [
        numbers(off.map((each) => each.roomPk)),
        numbers(off.map((each) => each.target)),
        texts(off.map((each) => each.emoji)),
        numbers(off.map((each) => each.userPk)),
      ]),
    )
  }
  if (changed.length > 0) {
    writes.push(
      connection.rows(ERASE_MENTIONS, [
        numbers(changed.map((each) => each.roomPk)),
        numbers(changed.map((each) => each.seq)),
      ]),
    )
  }
  if (erased.length > 0) {
    writes.push(
      connection.rows(ERASE_REACTIONS, [
        numbers(erased.map((each) => each.roomPk)),
        numbers(erased.map((each) => each.seq)),
      ]),
    )
  }
  return writes
}
