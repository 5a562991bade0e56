import { useSyncExternalStore } from 'react'

/** Where the page is, kept in the fragment: it works on any server and survives a reload. */
export type Route =
  | { at: 'home' }
  | { at: 'find' }
  | { at: 'room'; room: string; seq?: number }
  | { at: 'setup'; token: string }
  | { at: 'reset'; token: string }
  | { at: 'settings'; page: SettingsPage }
  | { at: 'admin'; page: AdminPage }

export const SETTINGS_PAGES = ['profile', 'appearance', 'notifications', 'password', 'devices'] as const
export type SettingsPage = (typeof SETTINGS_PAGES)[number]

export const ADMIN_PAGES = ['overview', 'users', 'rooms', 'nodes', 'config', 'parked'] as const
export type AdminPage = (typeof ADMIN_PAGES)[number]

function parse(hash: string): Route {
  const link = /^#(setup|reset)=(.+)$/.exec(hash)
  if (link) return { at: link[1] as 'setup' | 'reset', token: decodeURIComponent(link[2]!) }
  const pages = /^#\/(settings|admin)(?:\/([a-z]+))?$/.exec(hash)
  if (pages?.[1] === 'settings') return { at: 'settings', page: oneOf(SETTINGS_PAGES, pages[2]) }
  if (pages?.[1] === 'admin') return { at: 'admin', page: oneOf(ADMIN_PAGES, pages[2]) }
  const room = /^#\/r\/([^/]+)(?:\/(\d+))?$/.exec(hash)
  if (room) {
    const route: Route = { at: 'room', room: decodeURIComponent(room[1]!) }
    if (room[2] !== undefined) route.seq = Number(room[2])
    return route
  }
  return hash === '#/find' ? { at: 'find' } : { at: 'home' }
}

/** The page of that name, else the first. */
const oneOf = <T extends string>(pages: readonly [T, ...T[]], name: string | undefined): T =>
  pages.find((page) => page === name) ?? pages[0]

export const linkTo = {
  home: '#/',
  find: '#/find',
  settings: (page: SettingsPage) => `#/settings/${page}`,
  admin: (page: AdminPage) => `#/admin/${page}`,
  room: (room: string, seq?: number) => `#/r/${encodeURIComponent(room)}${seq === undefined ? '' : `/${seq}`}`,
}

let last = { hash: '', route: parse('') }
/** Where the page is now. */
export function routeNow(): Route {
  if (last.hash !== location.hash) last = { hash: location.hash, route: parse(location.hash) }
  return last.route
}

function onChange(listener: () => void): () => void {
  addEventListener('hashchange', listener)
  return () => removeEventListener('hashchange', listener)
}

export const useRoute = (): Route => useSyncExternalStore(onChange, routeNow)

/** Goes somewhere; with `replace` the back button does not return to where it was. */
export function go(link: string, replace = false): void {
  if (!replace) location.hash = link
  else location.replace(link)
}
