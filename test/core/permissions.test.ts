import assert from 'node:assert/strict'
import { test } from 'node:test'
import { may, outranks, type RoomRight } from '../../src/core/permissions.ts'
import type { MemberRole, RoomKind } from '../../src/protocol/model.ts'

const ROLES: MemberRole[] = ['owner', 'moderator', 'member']
const RIGHTS: RoomRight[] = [
  'invite',
  'kick',
  'ban',
  'set_role',
  'change_room',
  'delete_room',
  'delete_others_messages',
]

/** Who may do what, written out: a change of a rule must be a change of this table. */
const TABLE: Record<RoomRight, MemberRole[]> = {
  invite: ['owner', 'moderator'],
  kick: ['owner', 'moderator'],
  ban: ['owner', 'moderator'],
  set_role: ['owner'],
  change_room: ['owner'],
  delete_room: ['owner'],
  delete_others_messages: ['owner', 'moderator'],
}

test('in open rooms and groups owners may all, moderators keep order, members nothing of that', () => {
  for (const kind of ['open', 'group'] satisfies RoomKind[]) {
    for (const right of RIGHTS) {
      for (const role of ROLES) assert.equal(may(role, kind, right), TABLE[right].includes(role), `${role} ${right}`)
    }
  }
})

test('between two people nobody has rights over the other, whatever the role; an owner may end the room', () => {
  for (const right of RIGHTS) {
    for (const role of ROLES) {
      assert.equal(may(role, 'direct', right), right === 'delete_room' && role === 'owner', `${role} ${right}`)
    }
  }
})

test('a moderator removes members alone; owners remove anybody; a member nobody', () => {
  const removes = ROLES.flatMap((role) =>
    ROLES.filter((other) => outranks(role, other)).map((other) => `${role} ${other}`),
  )
  assert.deepEqual(removes, ['owner owner', 'owner moderator', 'owner member', 'moderator member'])
})
