import type { Page } from 'playwright-core'
import type { MessageKey } from '../../../web/src/i18n/words/index.ts'
import type { Screen, Visitor } from './visitor.ts'

/** Rooms, who is in them, and the ways between them. */
export const ROOMS: Screen[] = [
  { name: 'rooms', title: 'My rooms, the liveliest first', open: (visit) => visit.rooms() },
  {
    name: 'find-rooms',
    title: 'Open rooms',
    open: async (visit) => {
      const page = await visit.tab('member', '#/find')
      await page.getByRole('main').getByText('Book club').waitFor()
      return page
    },
  },
  {
    name: 'switcher',
    title: 'Ctrl+K goes to any room or person',
    open: async (visit) => {
      const page = await visit.rooms()
      await page.keyboard.press('Control+k')
      await page.getByRole('dialog').getByRole('option').first().waitFor()
      return page
    },
  },
  {
    name: 'keys',
    title: 'All keys',
    open: async (visit) => {
      const page = await visit.rooms()
      await page.keyboard.press('Control+/')
      await page
        .getByRole('dialog')
        .getByRole('heading', { name: visit.word('keys.writing'), exact: true })
        .waitFor()
      return page
    },
  },
  {
    name: 'account-menu',
    title: 'The account menu',
    open: async (visit) => {
      const page = await visit.rooms()
      await visit.button(page, 'settings.account').click()
      await page.getByRole('menu').waitFor()
      return page
    },
  },
  { name: 'create-room', title: 'A new open room', open: (visit) => creating(visit, 'rooms.new.open') },
  {
    name: 'create-group',
    title: 'A new private group',
    open: async (visit) => {
      const page = await creating(visit, 'rooms.new.group')
      await page.getByRole('dialog').getByRole('listitem').nth(1).waitFor()
      return page
    },
  },
  {
    name: 'room-menu',
    title: 'The menu of a room',
    open: async (visit) => {
      const page = await visit.home()
      await visit.button(page, 'room.menu').click()
      await page.getByRole('menu').waitFor()
      return page
    },
  },
  { name: 'edit-room', title: 'Changing a room', open: (visit) => asked(visit, 'room.edit') },
  { name: 'leave-room', title: 'Asking before a room is left', open: (visit) => asked(visit, 'room.leave') },
  {
    name: 'people',
    title: 'The people of a room',
    open: async (visit) => {
      const page = await visit.home()
      await visit.button(page, 'room.people').click()
      const panel = page.getByRole('complementary')
      await panel.getByText(visit.word('people.now'), { exact: true }).waitFor()
      await panel.getByText(visit.says('최하은', 'Sofia Rossi')).waitFor()
      return page
    },
  },
  {
    name: 'profile',
    title: 'Who somebody is',
    open: async (visit) => {
      const page = await visit.home()
      await visit.button(page, 'room.people').click()
      await page.getByRole('complementary').getByText(visit.says('최하은', 'Sofia Rossi')).click()
      await page.getByRole('dialog').waitFor()
      return page
    },
  },
]

async function creating(visit: Visitor, what: MessageKey): Promise<Page> {
  const page = await visit.rooms()
  await visit.menu(page, 'rooms.new', what)
  await page.getByRole('dialog').waitFor()
  return page
}

async function asked(visit: Visitor, what: MessageKey): Promise<Page> {
  const page = await visit.home()
  await visit.menu(page, 'room.menu', what)
  await page.getByRole('dialog').waitFor()
  return page
}
