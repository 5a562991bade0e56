import type { User } from '../../src/protocol/model.ts'
import type { AdminNode } from '../../src/protocol/model-admin.ts'
import type { AdminApi } from './api-admin.ts'
import type { Api } from './api-http.ts'
import type { Login } from './auth.ts'
import { asYeoulError, endsLogin } from './errors.ts'
import { type Call, type Http, path } from './http.ts'

/** One method per HTTP endpoint, each with the access token of the moment. */
export function createApi(http: Http, login: Login): Api {
  async function ask<T>(call: Call, again = true): Promise<T> {
    const token = await login.token()
    try {
      return await http.call<T>(call, token)
    } catch (thrown) {
      const error = asYeoulError(thrown)
      if (endsLogin(error)) login.lost(error)
      const stale = error.code === 'token_expired' || error.code === 'unauthenticated'
      if (!stale) throw error
      login.spoil(token)
      if (!again) throw error
      return ask(call, false)
    }
  }
  const get = <T>(path: string, query?: object) => ask<T>({ method: 'GET', path, query: query as Call['query'] & {} })
  const write = <T>(method: Call['method'], path: string, body?: unknown) => ask<T>({ method, path, body })

  const admin: AdminApi = {
    users: (query) => get('/admin/users', query),
    updateUser: (user, changes) => write('PATCH', path`/admin/users/${user}`, changes),
    resetUser: (user) => write('POST', path`/admin/users/${user}/reset`),
    rooms: (query) => get('/admin/rooms', query),
    deleteRoom: (room) => write('DELETE', path`/admin/rooms/${room}`),
    figures: (since) => get('/admin/figures', { since }),
    summary: () => get('/admin/summary'),
    parked: (query) => get('/admin/parked', query),
    retryParked: (id) => write('POST', path`/admin/parked/${id}/retry`),
    nodes: async () => (await get<{ items: AdminNode[] }>('/admin/nodes')).items,
    config: () => get('/admin/config'),
    changeConfig: (change) => write('PATCH', '/admin/config', change),
    configHistory: (query) => get('/admin/config/history', query),
  }

  const api: Api = {
    admin,

    me: () => get('/me'),
    updateMe: async (changes) => {
      const user = await write<User>('PATCH', '/me', changes)
      login.updated(user)
      return user
    },
    sessions: (query) => get('/me/sessions', query),
    endSession: (id) => write('DELETE', path`/me/sessions/${id}`),
    endOtherSessions: () => write('DELETE', '/me/sessions'),
    findUsers: async (q) => (await get<{ items: User[] }>('/users', { q })).items,
    users: async (ids) => (await get<{ items: User[] }>('/users', { ids: ids.join(',') })).items,

    myRooms: (query) => get('/me/rooms', query),
    openRooms: (query) => get('/rooms', query),
    createRoom: (room) => write('POST', '/rooms', room),
    room: (room) => get(path`/rooms/${room}`),
    updateRoom: (room, changes) => write('PATCH', path`/rooms/${room}`, changes),
    deleteRoom: (room) => write('DELETE', path`/rooms/${room}`),

    join: (room) => write('POST', path`/rooms/${room}/join`),
    leave: (room) => write('POST', path`/rooms/${room}/leave`),
    members: (room, { ids, ...query } = {}) =>
      get(path`/rooms/${room}/members`, ids === undefined ? query : { ...query, ids: ids.join(',') }),
    invite: (room, user) => write('POST', path`/rooms/${room}/members/${user}`),
    kick: (room, user) => write('DELETE', path`/rooms/${room}/members/${user}`),
    setRole: (room, user, role) => write('PUT', path`/rooms/${room}/members/${user}/role`, { role }),
    ban: (room, user, banned = true) => write('PUT', path`/rooms/${room}/members/${user}/ban`, { banned }),
    bans: (room, query) => get(path`/rooms/${room}/bans`, query),
    setNotify: (room, notify) => write('PUT', path`/rooms/${room}/notify`, { notify }),

    messages: async (room, query) => (await get<{ items: [] }>(path`/rooms/${room}/messages`, query)).items,
    history: async (room, query) => {
      const answer = await get<{ items: []; notices?: [] }>(path`/rooms/${room}/messages`, { ...query, notices: true })
      return { messages: answer.items, notices: answer.notices ?? [] }
    },
    message: async (room, seq) => {
      const [message] = await api.messages(room, { before: seq + 1, limit: 1 })
      return message?.seq === seq ? message : null
    },
    send: (room, message) => write('POST', path`/rooms/${room}/messages`, message),
    edit: (room, seq, body) => write('PATCH', path`/rooms/${room}/messages/${seq}`, { body }),
    delete: (room, seq) => write('DELETE', path`/rooms/${room}/messages/${seq}`),
    react: (room, seq, emoji, on) =>
      write(on ? 'PUT' : 'DELETE', path`/rooms/${room}/messages/${seq}/reactions/${emoji}`),
    events: (room, query) => get(path`/rooms/${room}/events`, query),
    markRead: (room, seq) => write('PUT', path`/rooms/${room}/read`, { seq }),
  }
  return api
}
