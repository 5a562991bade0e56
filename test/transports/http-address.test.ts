import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { ClientAddresses, limitKey } from '../../src/transports/http/client-address.ts'

const request = (socket: string, forwarded?: string) =>
  ({
    socket: { remoteAddress: socket },
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  }) as unknown as IncomingMessage

test('without trusted proxies the socket alone tells the address', () => {
  const addresses = new ClientAddresses([])
  assert.equal(addresses.of(request('203.0.113.5', '1.2.3.4')), '203.0.113.5')
  assert.equal(addresses.of(request('::ffff:203.0.113.5')), '203.0.113.5')
})

test('a trusted proxy is believed, and what a client wrote before it is not', () => {
  const addresses = new ClientAddresses(['10.0.0.0/8', '::1', '127.0.0.1'])
  assert.equal(addresses.of(request('10.1.2.3', '6.6.6.6, 203.0.113.5')), '203.0.113.5')
  assert.equal(addresses.of(request('::ffff:10.1.2.3', '6.6.6.6, 203.0.113.5, 10.9.9.9')), '203.0.113.5')
  assert.equal(addresses.of(request('203.0.113.9', '6.6.6.6')), '203.0.113.9', 'not a proxy of ours')
  assert.equal(addresses.of(request('10.1.2.3')), '10.1.2.3')
  assert.equal(addresses.of(request('::1', '2001:db8::7')), '2001:db8::7')
})

test('nonsense in the header ends the search', () => {
  const addresses = new ClientAddresses(['10.0.0.0/8'])
  for (const nonsense of ['unknown', '', ',,,', '203.0.113.5, nonsense', '999.1.1.1', 'a'.repeat(5_000)]) {
    assert.equal(addresses.of(request('10.1.2.3', nonsense)), '10.1.2.3')
  }
})

test('a proxy on this machine does not make its clients local', () => {
  const addresses = new ClientAddresses([])
  assert.equal(addresses.isLocal(request('127.0.0.1')), true)
  assert.equal(addresses.isLocal(request('::1')), true)
  assert.equal(addresses.isLocal(request('::ffff:127.0.0.1')), true)
  assert.equal(addresses.isLocal(request('127.0.0.1', '203.0.113.5')), false)
  assert.equal(addresses.isLocal(request('203.0.113.5', '127.0.0.1')), false)
})

test('limits count an IPv6 network as one', () => {
  assert.equal(limitKey('203.0.113.5'), '203.0.113.5')
  assert.equal(limitKey('2001:db8:1:2:3:4:5:6'), limitKey('2001:db8:1:2::1'))
  assert.notEqual(limitKey('2001:db8:1:2::1'), limitKey('2001:db8:1:3::1'))
  assert.equal(limitKey('::1'), limitKey('::2'))
})
