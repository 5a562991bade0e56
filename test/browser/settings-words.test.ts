import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deviceName } from '../../web/src/settings/device-name.ts'
import { strengthOf } from '../../web/src/settings/password-strength.ts'

test('a device has the name that a person knows it by', () => {
  const webkit = 'AppleWebKit/537.36 (KHTML, like Gecko)'
  const mac = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)'
  const windows = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)'
  const galaxy = 'Mozilla/5.0 (Linux; Android 14; SM-S918N)'
  const iphone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)'
  const cases: [agent: string, name: string, icon: string][] = [
    [`${mac} ${webkit} Chrome/130.0.0.0 Safari/537.36`, 'Chrome · macOS', 'laptop'],
    [`${mac} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15`, 'Safari · macOS', 'laptop'],
    [`${windows} ${webkit} Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0`, 'Edge · Windows', 'laptop'],
    [`${windows} ${webkit} Chrome/130.0.0.0 Whale/4.28 Safari/537.36`, 'Whale · Windows', 'laptop'],
    ['Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0', 'Firefox · Linux', 'laptop'],
    ['Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) Chrome/130.0 Safari/537.36', 'Chrome · ChromeOS', 'laptop'],
    [
      `${galaxy} ${webkit} SamsungBrowser/26.0 Chrome/122.0 Mobile Safari/537.36`,
      'Samsung Internet · Android',
      'phone',
    ],
    [`${galaxy} ${webkit} Chrome/130.0 Mobile Safari/537.36;KAKAOTALK 2410800`, 'KakaoTalk · Android', 'phone'],
    [`${iphone} Version/17.0 Mobile/15E148 Safari/604.1`, 'Safari · iPhone', 'phone'],
    [`${iphone} CriOS/130.0 Mobile/15E148 Safari/604.1`, 'Chrome · iPhone', 'phone'],
    ['Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) FxiOS/132.0 Mobile Safari/605.1.15', 'Firefox · iPad', 'phone'],
    ['curl/8.10.1', 'curl', 'terminal'],
    ['node', 'node', 'terminal'],
    ['python-requests/2.32.3', 'python-requests', 'terminal'],
  ]
  for (const [agent, name, icon] of cases) assert.deepEqual(deviceName(agent), { name, icon }, agent)
  for (const nothing of [null, '', '()', '한글']) assert.equal(deviceName(nothing), null)
})

test('a password that is long or mixed is hard to guess; a name, a run and a common word count for nothing', () => {
  const strength = (password: string) => strengthOf(password, ['minsu', '김민수'])
  assert.equal(strength('short'), null)
  for (const weak of [
    'aaaaaaaaaaaa',
    '12345678',
    'minsu2024',
    'password1',
    'qwerty12',
    '김민수김민수김민수1',
    'abcdefghijk',
  ]) {
    assert.equal(strength(weak), 'weak', weak)
  }
  for (const fair of ['k4rgvmw9', 'horsebatter', 'Tr0ub4dor']) assert.equal(strength(fair), 'fair', fair)
  for (const strong of ['correct horse battery', '강가에서 물수제비 뜨기!', 'gT7#kq!vW2p']) {
    assert.equal(strength(strong), 'strong', strong)
  }
})
