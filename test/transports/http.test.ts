/** All operations over HTTP, on one server: the last test asks whether each has succeeded in one of the parts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import './http/accounts.ts'
import './http/rooms.ts'
import './http/members.ts'
import './http/messages.ts'
import './http/requests.ts'
import './http/administration.ts'
import { api } from './http/town.ts'

test('every operation of the document has succeeded in these tests', () => {
  // Entries are parked where a log stands before the database; test/cluster/administration.test.ts has one written.
  const elsewhere = ['POST /api/v1/admin/parked/{entry}/retry']
  const missing = api.operations.map((o) => `${o.method} ${o.template}`).filter((name) => !api.succeeded.has(name))
  assert.deepEqual(missing, elsewhere)
})
