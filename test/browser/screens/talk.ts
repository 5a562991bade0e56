import type { Page } from 'playwright-core'
import type { Screen } from './visitor.ts'

const WELCOME = 0

/** What can be done with a message: beside it for a mouse, in a sheet for a finger. */
const tools = (page: Page) => page.getByRole('toolbar').or(page.getByRole('dialog'))

/** Reading and writing. */
export const TALK: Screen[] = [
  { name: 'conversation', title: 'A conversation', open: (visit) => visit.home() },
  { name: 'two-languages', title: 'Korean and English in one room', open: (visit) => visit.room(WELCOME) },
  {
    name: 'message-tools',
    title: 'What can be done with a message',
    open: async (visit) => {
      const page = await visit.home()
      await visit.point(page.locator('article[data-seq]').last())
      await tools(page).waitFor()
      return page
    },
  },
  {
    name: 'reply',
    title: 'Answering a message',
    open: async (visit) => {
      const page = await visit.home({})
      await visit.point(page.locator('article[data-seq]').last())
      await visit.button(tools(page), 'message.reply').click()
      await page.locator('#composer').fill(visit.says('좋아요, 4시에 봬요', 'Perfect, see you at nine'))
      return page
    },
  },
  {
    name: 'mention',
    title: 'Mentioning somebody',
    open: async (visit) => {
      const page = await visit.home({})
      await page.locator('#composer').pressSequentially('@demo')
      await page.getByRole('option').first().waitFor()
      return page
    },
  },
  {
    name: 'emoji',
    title: 'The emoji picker',
    open: async (visit) => {
      const page = await visit.home({})
      await visit.button(page, 'composer.emoji').click()
      await page.getByRole('grid').getByRole('gridcell').first().waitFor()
      return page
    },
  },
  {
    name: 'offline',
    title: 'No connection: what is written waits',
    open: async (visit) => {
      const line = new Line()
      const page = await visit.home({ prepare: (page) => line.lay(page) })
      line.cut()
      await page.context().setOffline(true)
      await page.locator('#composer').fill(visit.says('지하철이에요', 'On the train'))
      await page.locator('#composer').press('Enter')
      await page.locator('[data-status=queued]').getByText(visit.word('message.queued')).waitFor()
      await visit.button(page, 'connection.retryNow').waitFor()
      return page
    },
  },
  {
    name: 'failed',
    title: 'A message that was refused',
    open: async (visit) => {
      const line = new Line()
      line.refusing = true
      const page = await visit.home({ prepare: (page) => line.lay(page) })
      await page.locator('#composer').fill(visit.says('곧 도착해요', 'Almost there'))
      await page.locator('#composer').press('Enter')
      await page.locator('[data-status=failed]').waitFor()
      return page
    },
  },
]

/** The WebSocket of one tab, which can be cut, or refuse what is sent. */
class Line {
  refusing = false
  #isCut = false
  readonly #ends = new Set<() => void>()

  lay(page: Page): Promise<void> {
    return page.routeWebSocket(/\/ws$/, (near) => {
      if (this.#isCut) return void near.close({ code: 1012 })
      const far = near.connectToServer()
      this.#ends.add(() => void near.close({ code: 1012 }))
      near.onMessage((frame) => {
        if (!this.refusing || typeof frame !== 'string') return far.send(frame)
        for (const command of [JSON.parse(frame)].flat() as { id: number; op: string }[]) {
          if (command.op !== 'send') far.send(JSON.stringify(command))
          else near.send(JSON.stringify({ re: command.id, err: REFUSED }))
        }
      })
    })
  }

  cut(): void {
    this.#isCut = true
    for (const end of this.#ends) end()
  }
}

const REFUSED = { code: 'forbidden', message: 'That is not allowed.', retryable: false }
