import type { MessageDraft } from '../ports/log.ts'
import { type ErrorCode, YeoulError } from '../protocol/errors.ts'
import type { Command, SendCommand } from '../protocol/frames.ts'
import type { Actor } from './actor.ts'
import type { Session } from './session.ts'

const EMPTY = '{}'

/**
 * Runs one command of a live session and answers it with `session.reply`. A promise only when something must be waited for
 * before the room's next command may run; a `send` takes its place in the log's order at once. Throws or rejects with what
 * the caller is told.
 */
export function runCommand(session: Session, actor: Actor, command: Command): undefined | Promise<void> {
  const { gateway } = session
  const { id } = command
  switch (command.op) {
    case 'send':
      return send(session, actor, command)
    case 'read':
      return gateway.chat
        .read(actor, command.room, command.seq, command.epoch, session.id)
        .then(() => session.reply(id, EMPTY))
    case 'subscribe':
      return gateway.subscriptions.subscribe(session, command.room, command.position, (ok) => session.reply(id, ok))
    case 'unsubscribe':
      session.unsubscribed(command.room)
      session.reply(id, EMPTY)
      return
    case 'typing':
      return typing(session, actor, command.room).then(() => session.reply(id, EMPTY))
    case 'edit': {
      const { room, seq, body, epoch } = command
      return answer(session, id, gateway.chat.edit(actor, room, seq, body, epoch))
    }
    case 'delete':
      return answer(session, id, gateway.chat.delete(actor, command.room, command.seq, command.epoch))
    case 'react': {
      const { room, seq, emoji, on, epoch } = command
      return answer(session, id, gateway.chat.react(actor, room, seq, emoji, on, epoch))
    }
    case 'events': {
      const { room, after, epoch, limit } = command
      return answer(session, id, gateway.chat.events(actor, room, after, epoch, limit))
    }
    case 'presence':
      return answer(
        session,
        id,
        gateway.access.member(command.room, actor.user).then(() => gateway.presence.snapshot(command.room)),
      )
    case 'watch':
      return session.watch(command.rooms).then((ok) => session.reply(id, ok))
    case 'refresh':
      return answer(
        session,
        id,
        session.renew(command.token).then((expiresAt) => ({ expiresAt })),
      )
    case 'ping':
      session.reply(id, `{"at":${Date.now()}}`)
      return
    case 'hello':
      throw new YeoulError('bad_request', 'The session has said hello already.')
  }
}

function send(session: Session, actor: Actor, command: { id: number } & SendCommand): undefined | Promise<void> {
  const draft = session.gateway.chat.draft(actor, command)
  if (draft instanceof Promise) return draft.then((found) => submit(session, command.id, found))
  submit(session, command.id, draft)
  return
}

function submit(session: Session, id: number, draft: MessageDraft): void {
  const { chat } = session.gateway
  chat.submit(draft, (result) => {
    if (session.ended) return
    if (!result.ok) return void refuse(session, id, draft, result.code)
    const { seq, n, at, duplicate } = result
    session.reply(id, `{"seq":${seq},"n":${n},"at":${at},"durability":"${chat.durability}","duplicate":${duplicate}}`)
  })
}

async function refuse(session: Session, id: number, draft: MessageDraft, code: ErrorCode): Promise<void> {
  try {
    session.refuse(id, new YeoulError(await session.gateway.chat.refusal(draft.room, draft.actor, code)))
  } catch (error) {
    session.refuse(id, error)
  }
}

async function typing(session: Session, actor: Actor, room: string): Promise<void> {
  const { gateway } = session
  await gateway.access.member(room, actor.user)
  gateway.bus.publish(room, { kind: 'typing', user: actor.user })
}

async function answer(session: Session, id: number, ok: Promise<unknown>): Promise<void> {
  session.reply(id, JSON.stringify(await ok))
}
