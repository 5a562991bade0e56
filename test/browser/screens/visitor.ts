import { globSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Locator, Page } from 'playwright-core'
import type { MessageKey } from '../../../web/src/i18n/words/index.ts'
import type { Look, OwnProfile, Town, Viewer } from './town.ts'

/** A screen of the page and the way to it. */
export interface Screen {
  name: string
  /** What it shows, for the index of the pictures. */
  title: string
  /** Opens a tab and leads to the screen; resolves when it is all there. */
  open(visit: Visitor): Promise<Page>
}

/** Somebody who comes to look, with the page's words in their language. */
export class Visitor {
  readonly town: Town
  readonly look: Look

  constructor(town: Town, look: Look) {
    this.town = town
    this.look = look
  }

  /** What the page says, of the strings that take no value. */
  word(key: MessageKey): string {
    return WORDS[key]![this.look.language]
  }

  /** One of two texts, for what somebody writes. */
  says(ko: string, en: string): string {
    return this.look.language === 'ko' ? ko : en
  }

  get phone(): boolean {
    return this.look.device === 'phone'
  }

  tab(viewer: Viewer, place: string, own?: OwnProfile): Promise<Page> {
    return this.town.tab(viewer, this.look, place, own)
  }

  /** The list of rooms of somebody who has some. */
  async rooms(): Promise<Page> {
    const page = await this.tab('member', '')
    await page.getByRole('navigation').getByRole('link').nth(3).waitFor()
    return page
  }

  /** The demo's room with this index, open and live. */
  async room(i: number, own?: OwnProfile): Promise<Page> {
    const page = await this.tab('member', roomAt(this.town.rooms[i] as string), own)
    await page.locator('[role=log][data-state=live]').waitFor()
    await page.locator('article').first().waitFor()
    return page
  }

  /** The room that a reader of this language would open first. */
  home(own?: OwnProfile): Promise<Page> {
    return this.room(this.look.language === 'ko' ? MAKERS : RELEASE, own)
  }

  button(page: Page | Locator, key: MessageKey): Locator {
    return page.getByRole('button', { name: this.word(key), exact: true })
  }

  async menu(page: Page, button: MessageKey, item: MessageKey): Promise<void> {
    await this.button(page, button).click()
    await page.getByRole('menuitem', { name: this.word(item), exact: true }).click()
  }

  /** A phone has no hover: a tap shows what can be done with a message. */
  async point(message: Locator): Promise<void> {
    if (this.phone) await message.locator('p').first().tap()
    else await message.hover()
  }
}

const MAKERS = 1
const RELEASE = 3

export const roomAt = (id: string): string => `#/r/${id}`

const folder = fileURLToPath(new URL('../../../web/src/i18n/words/', import.meta.url))

/** The strings of all parts, also of those that the page loads later. */
const WORDS: Record<string, { ko: string; en: string }> = {}
for (const file of globSync('*.ts', { cwd: folder })) {
  for (const part of Object.values(await import(join(folder, file)))) Object.assign(WORDS, part)
}

/** The keys of the strings that begin so. */
export const wordsOf = (prefix: string): MessageKey[] =>
  Object.keys(WORDS).filter((key) => key.startsWith(prefix)) as MessageKey[]
