import { Fragment, memo } from 'react'
import { useClient, useLive } from '../session/client.ts'
import { tokensOf } from './tokens.ts'

interface BodyTextProps {
  body: string
  mentions: readonly string[]
  me: string
}

export const BodyText = memo(function BodyText({ body, mentions, me }: BodyTextProps) {
  return tokensOf(body).map((token, i) => {
    if ('link' in token) {
      return (
        <a
          // biome-ignore lint/suspicious/noArrayIndexKey: tokens of one text keep their places
          key={i}
          href={token.link}
          target="_blank"
          rel="noopener noreferrer nofollow"
          className="underline decoration-1 underline-offset-2"
        >
          {token.link}
        </a>
      )
    }
    // biome-ignore lint/suspicious/noArrayIndexKey: tokens of one text keep their places
    if ('mention' in token) return <Mention key={i} name={token.mention} mentions={mentions} me={me} />
    // biome-ignore lint/suspicious/noArrayIndexKey: tokens of one text keep their places
    return <Fragment key={i}>{token.text}</Fragment>
  })
})

/** An @name stands out only when the server took it for a mention of a member. */
function Mention({ name, mentions, me }: { name: string; mentions: readonly string[]; me: string }) {
  const known = useLive(useClient().users)
  const user = mentions.find((id) => known.get(id)?.username === name.toLowerCase())
  if (user === undefined) return `@${name}`
  return (
    <span
      className={
        user === me
          ? 'rounded-md bg-spark px-1 font-semibold text-on-spark'
          : 'font-semibold underline decoration-2 underline-offset-3'
      }
    >
      @{known.get(user)!.displayName}
    </span>
  )
}
