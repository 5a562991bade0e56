import type { Appended, Draft } from '../../../ports/log.ts'
import type { ErrorCode } from '../../../protocol/errors.ts'
import { jsonList } from '../event-rows.ts'
import { DELETE, EDIT, MESSAGE, REACTION } from '../tables.ts'

/**
 * How drafts travel to the writer thread and results come back: one flat array of strings and numbers, and one array of
 * doubles. Cloning that costs a fraction of what cloning an object per draft does.
 *
 *   message   type room actor replyTo clientMessageId body     mentions files
 *   edit      type room actor target  null            body     mentions null
 *   delete    type room actor target  null            moderate null     null
 *   reaction  type room actor target  emoji           on       most     null
 */
export type FlatDrafts = (string | number | null)[]
export const DRAFT_WIDTH = 8

/** Per draft: state, epoch, seq, n, at. */
export const RESULT_WIDTH = 5
export const APPENDED = 0
export const REPEATED = 1
/** A state of REFUSED + i is the error REFUSALS[i]. */
export const REFUSED = 2
export const REFUSALS = [
  'room_not_found',
  'not_a_member',
  'message_not_found',
  'not_the_sender',
  'message_deleted',
  'too_many_reactions',
] as const satisfies ErrorCode[]
export type Refusal = (typeof REFUSALS)[number]

export function flattenDrafts(drafts: Draft[]): FlatDrafts {
  const flat: FlatDrafts = []
  for (const draft of drafts) {
    switch (draft.type) {
      case 'message':
        flat.push(MESSAGE, draft.room, draft.actor, draft.replyTo, draft.clientMessageId, draft.body)
        flat.push(jsonList(draft.mentions), jsonList(draft.files))
        break
      case 'edit':
        flat.push(EDIT, draft.room, draft.actor, draft.target, null, draft.body, jsonList(draft.mentions), null)
        break
      case 'delete':
        flat.push(DELETE, draft.room, draft.actor, draft.target, null, draft.moderate ? 1 : 0, null, null)
        break
      case 'reaction':
        flat.push(REACTION, draft.room, draft.actor, draft.target, draft.emoji, draft.on ? 1 : 0, draft.most, null)
        break
    }
  }
  return flat
}

export function readResults(results: Float64Array): Appended[] {
  const appended: Appended[] = []
  for (let i = 0; i < results.length; i += RESULT_WIDTH) {
    const state = results[i] as number
    if (state >= REFUSED) {
      appended.push({ ok: false, code: REFUSALS[state - REFUSED] as Refusal })
    } else {
      appended.push({
        ok: true,
        epoch: results[i + 1] as number,
        seq: results[i + 2] as number,
        n: results[i + 3] as number,
        at: results[i + 4] as number,
        duplicate: state === REPEATED,
      })
    }
  }
  return appended
}
