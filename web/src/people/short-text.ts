import type { User } from '@yeoul/client'
import { useEffect, useMemo, useSyncExternalStore } from 'react'
import { plainText } from '../markup/plain-text.ts'
import { useClient } from '../session/client.ts'

interface Said {
  body: string | null
  mentions?: readonly string[]
}

type Known = ReadonlyMap<string, User>

const NOBODY: Known = new Map()
const nobody = () => NOBODY

/** A message in one line, with those whom it mentions by the names that they show. Empty when it was deleted. */
export function shortText({ body, mentions = [] }: Said, known: Known): string {
  const users = mentions.map((id) => known.get(id))
  return plainText(body ?? '', (name) => users.find((user) => user?.username === name.toLowerCase())?.displayName)
}

/** As `shortText`; asks for those whom it mentions. */
export function useShortText(message: Said | null | undefined): string {
  const { users } = useClient()
  const mentions = message?.mentions
  useEffect(() => {
    for (const id of mentions ?? []) users.get(id)
  }, [users, mentions])
  const known = useSyncExternalStore(users.subscribe, mentions?.length ? users.getSnapshot : nobody)
  return useMemo(() => (message ? shortText(message, known) : ''), [message, known])
}
