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
  /** An address that leads nowhere. */
  | { at: 'lost' }

export const SETTINGS_PAGES = ['profile', 'appearance', 'notifications', 'password', 'devices'] as const
export type SettingsPage = (typeof SETTINGS_PAGES)[number]

export const ADMIN_PAGES = ['overview', 'users', 'rooms', 'nodes', 'config', 'parked'] as const
export type AdminPage = (typeof ADMIN_PAGES)[number]

function parse(hash: string): Route {
  const link = /^#(setup|reset)=(.+)$/.exec(hash)
  if (link) return { at: link[1] as 'setup' | 'reset', token: decoded(link[2]!) }
  const pages = /^#\/(settings|admin)(?:\/([a-z]+))?$/.exec(hash)
  if (pages?.[1] === 'settings') return { at: 'settings', page: oneOf(SETTINGS_PAGES, pages[2]) }
  if (pages?.[1] === 'admin') return { at: 'admin', page: oneOf(ADMIN_PAGES, pages[2]) }
  const room = /^#\/r\/([^/]+)(?:\/(\d+))?$/.exec(hash)
  if (room) {
    const route: Route = { at: 'room', room: decoded(room[1]!) }
    if (room[2] !== undefined) route.seq = Number(room[2])
    return route
  }
  if (hash === '#/find') return { at: 'find' }
  return ['', '#', '#/'].includes(hash) ? { at: 'home' } : { at: 'lost' }
}

/** As it stands when its escapes are broken: then it is the id of nothing. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
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
const LOST: Route = { at: 'lost' }
/** Where the page is now. */
export function routeNow(): Route {
  // The server answers any path with the page. It lives at one.
  if (!['/', '/index.html'].includes(location.pathname)) return LOST
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
