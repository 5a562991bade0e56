import { useSyncExternalStore } from 'react'

/** Where the page is, kept in the fragment: it works on any server and survives a reload. */
export type Route =
  | { at: 'home' }
  | { at: 'find' }
  | { at: 'room'; room: string; seq?: number }
  | { at: 'setup'; token: string }

function parse(hash: string): Route {
  const setup = /^#setup=(.+)$/.exec(hash)
  if (setup) return { at: 'setup', token: decodeURIComponent(setup[1]!) }
  const room = /^#\/r\/([^/]+)(?:\/(\d+))?$/.exec(hash)
  if (room) {
    const route: Route = { at: 'room', room: decodeURIComponent(room[1]!) }
    if (room[2] !== undefined) route.seq = Number(room[2])
    return route
  }
  return hash === '#/find' ? { at: 'find' } : { at: 'home' }
}

export const linkTo = {
  home: '#/',
  find: '#/find',
  room: (room: string, seq?: number) => `#/r/${encodeURIComponent(room)}${seq === undefined ? '' : `/${seq}`}`,
}

let last = { hash: '', route: parse('') }
function current(): Route {
  if (last.hash !== location.hash) last = { hash: location.hash, route: parse(location.hash) }
  return last.route
}

function onChange(listener: () => void): () => void {
  addEventListener('hashchange', listener)
  return () => removeEventListener('hashchange', listener)
}

export const useRoute = (): Route => useSyncExternalStore(onChange, current)

/** Goes somewhere; with `replace` the back button does not return to where it was. */
export function go(link: string, replace = false): void {
  if (!replace) location.hash = link
  else location.replace(link)
}
