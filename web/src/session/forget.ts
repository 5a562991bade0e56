/** What parts of the page hold of a person in memory: each says here how to forget it. */
const keepers = new Set<() => void>()

/** What was chosen for the browser, whoever uses it, and what the browser owes the server. */
const NOBODYS: readonly string[] = ['yeoul.settings', 'yeoul.signOutOwed']

/** Calls `forget` when the person signs out, in this tab or in another one. What it keeps in the storage goes by itself. */
export function forgetAtSignOut(forget: () => void): void {
  keepers.add(forget)
}

/** Forgets whoever was here, also what parts stored that are not loaded now. The SDK forgets its own. */
export function forgetPerson(): void {
  for (const forget of keepers) forget()
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith('yeoul.') && !NOBODYS.includes(key)) localStorage.removeItem(key)
  }
}
