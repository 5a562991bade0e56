import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { emojiRows } from '../../web/emoji-data.ts'
import { quickOnes } from '../../web/src/emoji/choices.ts'
import { emojiOf } from '../../web/src/emoji/emoji.ts'
import { emojiAt, moved, type Place, rowsOf } from '../../web/src/emoji/panel-rows.ts'
import { emojiByCode, searchEmoji } from '../../web/src/emoji/search.ts'
import { enter, type House, makeRoom, openHouse, say } from './visit.ts'

const all = emojiOf(emojiRows(), 17)

test('an emoji is found by its code, its names and tags in both languages, half-typed syllables and initial consonants', () => {
  const first = (typed: string) => searchEmoji(all, typed, 8).map(({ sign }) => sign)
  const cases: [typed: string, sign: string][] = [
    ['+1', '👍'],
    ['thumbs', '👍'],
    ['tada', '🎉'],
    ['Pizza', '🍕'],
    ['따봉', '👍'],
    ['하트', '❤️'],
    ['김밥', '🍙'],
    ['피자', '🍕'],
    ['핒', '🍕'],
    ['ㅍㅈ', '🍕'],
    ['바다', '🌊'],
    ['대한민국', '🇰🇷'],
  ]
  for (const [typed, sign] of cases) {
    const found = searchEmoji(all, typed, 60).map((each) => each.sign)
    assert.ok(found.includes(sign), typed)
  }
  assert.equal(first('tada')[0], '🎉')
  assert.equal(first('피자')[0], '🍕')
  assert.equal(first('+1')[0], '👍')
  assert.deepEqual(first(' '), [])
  assert.deepEqual(first('zzzz'), [])
  assert.equal(emojiByCode(all, 'wave')?.sign, '👋')
  assert.equal(emojiByCode(all, 'wav'), undefined)
})

test('every emoji is one sign as keyboards write it, named in both languages, and older systems get none that they cannot draw', () => {
  assert.ok(all.length > 1_850)
  assert.equal(new Set(all.map(({ sign }) => sign)).size, all.length)
  for (const { sign, label, tones } of all) {
    for (const each of [sign, ...tones]) assert.match(each, /^\p{RGI_Emoji}$/v, `${sign} ${label.en}`)
    assert.ok(label.ko !== '' && label.en !== '')
  }
  const older = emojiOf(emojiRows(), 12.1)
  assert.ok(older.length < all.length && !older.some(({ sign }) => sign === '🫠'))
})

test('arrows walk through all rows and stop at the ends', () => {
  const rows = rowsOf(
    [
      { section: 'recent', emoji: all.slice(0, 2) },
      { section: 0, emoji: all.slice(0, 7) },
    ],
    3,
  )
  const walk = (from: Place | null, ...keys: string[]) => keys.reduce((place, key) => moved(rows, place, key), from)
  const start = walk(null, 'ArrowDown')
  assert.deepEqual(start, { row: 1, column: 0 })
  assert.deepEqual(walk(start, 'ArrowUp'), start)
  assert.deepEqual(walk(start, 'ArrowRight', 'ArrowRight'), { row: 3, column: 0 })
  assert.deepEqual(walk(start, 'ArrowRight', 'ArrowRight', 'ArrowLeft'), { row: 1, column: 1 })
  assert.deepEqual(walk(start, 'ArrowRight', 'ArrowDown', 'ArrowDown', 'ArrowDown'), { row: 5, column: 0 })
  assert.equal(emojiAt(rows, { row: 5, column: 0 }), all[6])
  assert.equal(moved(rowsOf([], 3), null, 'ArrowDown'), null)
})

test('the quick ones are the usual ones with the last two of one’s own', () => {
  assert.equal(quickOnes([]).length, 7)
  assert.deepEqual(quickOnes(['👍', '🦊', '🌊', '🐻']), ['👍', '❤️', '😂', '😮', '😢', '🦊', '🌊'])
})

let house: House
before(async () => {
  house = await openHouse()
})
after(() => house.close())

test('the picker finds, chooses with the keyboard, keeps a skin tone and what was used last, and is loaded when it is opened', async () => {
  const ana = await house.visit('ana', 'Ana', { locale: 'ko-KR' })
  await makeRoom('Emoji', ana)
  const { page } = ana
  const loaded: string[] = []
  page.on('request', (request) => loaded.push(new URL(request.url()).pathname))
  const violations: string[] = []
  page.on('console', (message) => /Content Security Policy/.test(message.text()) && violations.push(message.text()))
  await enter(page, 'Emoji')
  assert.ok(!loaded.some((path) => path.includes('emoji')))

  const composer = page.locator('#composer')
  await composer.fill('안녕 ')
  await page.getByRole('button', { name: '이모지 넣기' }).click()
  const search = page.getByRole('combobox', { name: '이모지 찾기' })
  await search.pressSequentially('흔드')
  await page.getByRole('gridcell', { name: '흔드는 손' }).waitFor()
  assert.ok(loaded.some((path) => path.includes('emoji')))
  await page.getByRole('button', { name: '피부색' }).click()
  await page.getByRole('radio', { name: '중간 피부색' }).click()
  await search.focus()
  await page.keyboard.press('Enter')
  assert.equal(await composer.inputValue(), '안녕 👋🏽')
  // What is typed next goes on in the message.
  await page.locator('#composer:focus').waitFor()
  await page.keyboard.type('!')
  assert.equal(await composer.inputValue(), '안녕 👋🏽!')

  await page.reload()
  await page.getByRole('button', { name: '이모지 넣기' }).click()
  await page.getByRole('row', { name: '최근에 쓴 이모지' }).waitFor()
  await page.getByRole('button', { name: '깃발' }).click()
  await page.getByRole('gridcell', { name: '격자 무늬 깃발' }).waitFor()
  await search.fill('그런 건 없어요')
  await page.getByText('맞는 이모지가 없습니다.').waitFor()
  await page.keyboard.press('Escape')
  await search.waitFor({ state: 'detached' })
  assert.deepEqual(violations, [])
  await ana.context.close()
})

test('a reaction is one of a handful, or any emoji', async () => {
  const bo = await house.visit('bo', 'Bo')
  const room = await makeRoom('React', bo)
  await say(bo, room, 'look at this')
  const { page } = bo
  await enter(page, 'React')
  const row = page.locator('article', { hasText: 'look at this' })
  await row.hover()
  await page.getByRole('button', { name: 'React', exact: true }).click()
  await page.getByRole('button', { name: 'More emoji' }).click()
  await page.getByRole('combobox', { name: 'Search emoji' }).fill('otter')
  await page.keyboard.press('Enter')
  await row.getByRole('button', { name: '🦦 1: Bo' }).waitFor()
  await row.hover()
  await page.getByRole('button', { name: 'React', exact: true }).click()
  await page.getByRole('button', { name: '🦦', exact: true }).waitFor()
  await page.getByRole('button', { name: '👍', exact: true }).click()
  await row.getByRole('button', { name: '👍 1: Bo' }).waitFor()
  await bo.context.close()
})
