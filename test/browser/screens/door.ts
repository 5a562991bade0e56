import { roomAt, type Screen } from './visitor.ts'

const FULL = 8

/** Before somebody talks: at the door, at the beginning, and where nothing is. */
export const DOOR: Screen[] = [
  {
    name: 'sign-in',
    title: 'Signing in',
    open: async (visit) => {
      const page = await visit.tab('nobody', '')
      await visit.button(page, 'auth.signIn').waitFor()
      await visit.button(page, 'auth.toSignUp').waitFor()
      return page
    },
  },
  {
    name: 'sign-up',
    title: 'A new account, with what is wrong told at its field',
    open: async (visit) => {
      const page = await visit.tab('nobody', '')
      await visit.button(page, 'auth.toSignUp').click()
      await page.getByLabel(visit.word('auth.username')).fill('haneul')
      await visit.button(page, 'auth.signUp').click()
      await page.locator('[aria-invalid=true]').waitFor()
      return page
    },
  },
  {
    name: 'set-up',
    title: 'The set-up link makes the administrator',
    open: async (visit) => {
      const page = await visit.tab('nobody', '#setup=a-token-for-the-picture')
      await page.getByRole('heading', { name: visit.word('auth.setup.title') }).waitFor()
      return page
    },
  },
  {
    name: 'reset',
    title: 'A new password by an administrator’s link',
    open: async (visit) => {
      const page = await visit.tab('nobody', '#reset=a-token-for-the-picture')
      await page.getByRole('heading', { name: visit.word('auth.reset.title') }).waitFor()
      return page
    },
  },
  {
    name: 'first-run',
    title: 'An empty installation greets its administrator',
    open: async (visit) => {
      const page = await visit.tab('founder', '')
      await visit.button(page, 'welcome.room.make').waitFor()
      return page
    },
  },
  {
    name: 'newcomer',
    title: 'Somebody who is in no room yet',
    open: async (visit) => {
      const page = await visit.tab('newcomer', '')
      await visit.button(page, 'rooms.join').first().waitFor()
      return page
    },
  },
  {
    name: 'full-room',
    title: 'A full room from outside',
    open: async (visit) => {
      const page = await visit.tab('newcomer', roomAt(visit.town.rooms[FULL] as string))
      await page.getByRole('heading', { name: 'Book club' }).waitFor()
      return page
    },
  },
  {
    name: 'room-gone',
    title: 'A link to a room that is not there',
    open: async (visit) => {
      const page = await visit.tab('member', roomAt('0190a000-0000-7000-8000-000000000000'))
      await page.getByText(visit.word('rooms.gone.title')).waitFor()
      return page
    },
  },
  {
    name: 'lost',
    title: 'An address that leads nowhere',
    open: async (visit) => {
      const page = await visit.tab('member', 'no/such/place')
      await page.getByText(visit.word('app.lost.title')).waitFor()
      return page
    },
  },
]
