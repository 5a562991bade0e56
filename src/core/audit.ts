import type { UserRole } from '../protocol/model.ts'

/** What an admin did, and to whom: kept in the server's log, without secrets and without texts of people. */
export type AdminAction = { admin: string } & (
  | { did: 'disable' | 'enable' | 'offer_reset'; user: string }
  | { did: 'set_role'; user: string; role: UserRole }
  | { did: 'delete_room'; room: string }
  | { did: 'retry_parked'; entry: number }
)

export type Audit = (action: AdminAction) => void
