import type { Auth } from '@yeoul/client'

/** Set while the server has not been told of a sign-out: the cookie, out of a script's reach, is still good. */
const OWED = 'yeoul.signOutOwed'

/** Signs out here at once; a server that cannot be reached is told later. */
export async function signOut(auth: Auth): Promise<void> {
  owe(true)
  if (await auth.logout()) owe(false)
}

/** Takes up the login of an earlier visit, unless its person signed out of it while the server could not be told. */
export async function takeUpLogin(auth: Auth): Promise<void> {
  if (owes()) await signOut(auth)
  else await auth.restore()
}

/** Tells the server when the network is back. Signing in anew takes the place of the cookie, and nothing is owed any more. */
export function settleSignOut(auth: Auth): () => void {
  const online = () => {
    if (owes()) void signOut(auth)
  }
  const signedIn = () => {
    if (auth.getSnapshot().state === 'signedIn') owe(false)
  }
  addEventListener('online', online)
  const stop = auth.subscribe(signedIn)
  return () => {
    removeEventListener('online', online)
    stop()
  }
}

function owes(): boolean {
  return localStorage.getItem(OWED) !== null
}

function owe(owed: boolean): void {
  try {
    if (owed) localStorage.setItem(OWED, '1')
    else localStorage.removeItem(OWED)
  } catch {
    // A storage that is full keeps nobody signed in.
  }
}
