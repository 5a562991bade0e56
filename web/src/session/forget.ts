/** What the page keeps of a person in this browser, besides what the SDK does: each part says here how to forget it. */
const keepers = new Set<() => void>()

/** Calls `forget` when the person signs out, in this tab or in another one. */
export function forgetAtSignOut(forget: () => void): void {
  keepers.add(forget)
}

export function forgetPerson(): void {
  for (const forget of keepers) forget()
}
