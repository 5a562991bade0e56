import type { Auth } from '@yeoul/client'

/** Set while the server has not been told of a sign-out: the cookie, out of a script's reach, is still good. */
const OWED = 'yeoul.signOutOwed'

/** Signs out here at once; a server that cannot be reached is told later. */
export async function signOut(auth: Auth): Promise<void> {
  localStorage.setItem(OWED, '1')
  if (await auth.logout()) localStorage.removeItem(OWED)
}

/** Takes up the login of an earlier visit, unless its person signed out of it while the server could not be told. */
export async function takeUpLogin(auth: Auth): Promise<void> {
  if (localStorage.getItem(OWED) === null) await auth.restore()
  else await signOut(auth)
}

/** Tells the server when the network is back. Signing in anew takes the place of the cookie, and nothing is owed any more. */
export function settleSignOut(auth: Auth): () => void {
  const online = () => {
    if (localStorage.getItem(OWED) !== null) void signOut(auth)
  }
  const signedIn = () => {
    if (auth.getSnapshot().state === 'signedIn') localStorage.removeItem(OWED)
  }
  addEventListener('online', online)
  const stop = auth.subscribe(signedIn)
  return () => {
    removeEventListener('online', online)
    stop()
  }
}
