import { useSyncExternalStore } from 'react'

/** `insecure`: the page is not served over HTTPS, where browsers have no notifications. */
export type Permission = NotificationPermission | 'unsupported' | 'insecure'

export function permission(): Permission {
  if (!isSecureContext) return 'insecure'
  return 'Notification' in window ? Notification.permission : 'unsupported'
}

const listeners = new Set<() => void>()
const tell = () => {
  for (const listener of listeners) listener()
}

/** Asks the person; only to be called on a click. */
export async function askPermission(): Promise<Permission> {
  await Notification.requestPermission()
  tell()
  return permission()
}

let watched = false

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  if (!watched && permission() !== 'unsupported' && permission() !== 'insecure') {
    watched = true
    navigator.permissions
      ?.query({ name: 'notifications' })
      .then((status) => status.addEventListener('change', tell))
      // A browser that cannot be asked: then what is shown follows with the next visit.
      .catch(() => {})
  }
  return () => listeners.delete(listener)
}

/** Whether the browser lets the page notify; follows what the person changes in the browser's own settings. */
export const usePermission = (): Permission => useSyncExternalStore(subscribe, permission)
