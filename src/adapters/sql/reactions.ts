import { REACTION_USERS } from '../../protocol/model.ts'

/** The reactions of a message as its row holds them: emoji, count, first users. */
export type ReactionSummary = [emoji: string, count: number, users: number[]][]

/** As `applyEvent` in protocol/message.ts changes the reactions that a client holds. */
export function react(summary: ReactionSummary, emoji: string, userPk: number, on: boolean): ReactionSummary {
  const i = summary.findIndex((each) => each[0] === emoji)
  const old = summary[i]
  if (old === undefined) return on ? [...summary, [emoji, 1, [userPk]]] : summary
  const count = old[1] + (on ? 1 : -1)
  if (count <= 0) return summary.filter((each) => each !== old)
  const users = on
    ? old[2].length < REACTION_USERS
      ? [...old[2], userPk]
      : old[2]
    : old[2].filter((each) => each !== userPk)
  return summary.with(i, [emoji, count, users])
}
