import { createElement, Fragment, memo, type ReactNode, useEffect } from 'react'
import { useWords } from '../i18n/index.ts'
import { type Block, type ListItem, readBlocks } from '../markup/blocks.ts'
import type { Inline } from '../markup/inline.ts'
import { useClient, useLive } from '../session/client.ts'
import { IconButton } from '../ui/button.tsx'
import { copyText } from '../ui/copy.ts'

interface BodyTextProps {
  body: string
  mentions: readonly string[]
  me: string
}

/** What somebody wrote, with its marks (see markup/blocks.ts). Read anew only when the text changes. */
export const BodyText = memo(function BodyText({ body, ...rest }: BodyTextProps) {
  return <Blocks blocks={readBlocks(body)} {...rest} />
})

type Read = Omit<BodyTextProps, 'body'>

function Blocks({ blocks, ...read }: Read & { blocks: readonly Block[] }) {
  return inPlace(blocks.map((block) => blockOf(block, read)))
}

function blockOf(block: Block, read: Read): ReactNode {
  switch (block.type) {
    case 'text':
      return (
        <p className="whitespace-pre-wrap [overflow-wrap:anywhere] not-first:mt-1.5">{inline(block.children, read)}</p>
      )
    case 'code':
      return <CodeBlock text={block.text} />
    case 'quote':
      return (
        <blockquote className="border-s-3 border-current/35 ps-3 not-first:mt-1.5">
          <Blocks blocks={block.blocks} {...read} />
        </blockquote>
      )
    case 'list': {
      const numbered = block.items[0]!.number !== null
      const List = numbered ? 'ol' : 'ul'
      return (
        <List className={`${numbered ? 'list-decimal ps-7' : 'list-disc ps-5'} marker:opacity-70 not-first:mt-1.5`}>
          {inPlace(block.items.map((item) => itemOf(item, read)))}
        </List>
      )
    }
  }
}

/** With the number that was typed. */
function itemOf({ number, children, lists }: ListItem, read: Read): ReactNode {
  return (
    <li value={number ?? undefined} className="whitespace-pre-wrap [overflow-wrap:anywhere]">
      {inline(children, read)}
      {lists.length > 0 && <Blocks blocks={lists} {...read} />}
    </li>
  )
}

function CodeBlock({ text }: { text: string }) {
  const { t } = useWords()
  return (
    <div className="flex rounded-xl bg-current/8 not-first:mt-1.5">
      <pre
        // biome-ignore lint/a11y/noNoninteractiveTabindex: long lines scroll, with the keyboard too
        tabIndex={0}
        className="min-w-0 flex-1 overflow-x-auto rounded-xl py-2 ps-3 font-mono text-[0.8125rem] leading-normal"
      >
        <code>{text}</code>
      </pre>
      <IconButton
        icon="copy"
        small
        label={t('message.copyCode')}
        onClick={() => void copyText(text, t)}
        className="m-0.5 text-current! opacity-75 hover:bg-current/12 hover:opacity-100 focus-visible:opacity-100"
      />
    </div>
  )
}

const inline = (parts: readonly Inline[], read: Read) => inPlace(parts.map((part) => inlineOf(part, read)))

function inlineOf(part: Inline, read: Read): ReactNode {
  switch (part.type) {
    case 'text':
      return part.text
    case 'strong':
      return <strong className="font-bold">{inline(part.children, read)}</strong>
    case 'em':
      return <em>{inline(part.children, read)}</em>
    case 'del':
      return <del>{inline(part.children, read)}</del>
    case 'code':
      return <code className="rounded-md bg-current/10 px-1 py-0.5 font-mono text-[0.875em]">{part.text}</code>
    case 'mention':
      return <Mention name={part.name} {...read} />
    case 'link':
      return (
        <a
          href={part.href}
          title={part.children === null ? undefined : part.href}
          target="_blank"
          rel="noopener noreferrer nofollow"
          className="underline decoration-1 underline-offset-2"
        >
          {part.children === null ? part.href : inline(part.children, read)}
        </a>
      )
  }
}

/** The parts of one text keep their places: they need no keys. */
const inPlace = (nodes: readonly ReactNode[]) => createElement(Fragment, null, ...nodes)

/** An @name stands out only when the server took it for a mention of a member. */
function Mention({ name, mentions, me }: Read & { name: string }) {
  const { users } = useClient()
  const known = useLive(users)
  // Who never wrote here is known by id only.
  useEffect(() => {
    for (const id of mentions) users.get(id)
  }, [users, mentions])
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
