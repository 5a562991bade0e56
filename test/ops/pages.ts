/**
 * The pages of docs/ that are made from tables in the code. `node test/ops/pages.ts` writes them; a test says when they
 * have fallen behind.
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { OPTION_ROWS } from '../../src/config.ts'
import type { Option } from '../../src/config-forms.ts'
import { ERRORS, type ErrorRow } from '../../src/protocol/errors.ts'

const cell = (text: string): string => text.replaceAll('|', '\\|')
const table = (head: string[], rows: string[][]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

function errorsPage(): string {
  const rows = Object.entries<ErrorRow>(ERRORS).map(([code, row]) => [
    `\`${code}\``,
    String(row.status),
    row.close === undefined ? '' : String(row.close),
    row.retryable ? 'yes' : 'no',
    cell(row.meaning),
  ])
  return `# Errors

Every error that Yeoul answers. Over HTTP it is a problem document (RFC 9457) with this status; over WebSocket it is the
\`err\` of a reply, or, where a close code stands, the end of the connection. *Retry*: the same request may succeed later,
unchanged; after \`retryAfterMs\` when the error has it, otherwise after a back-off.

This page is made from \`src/protocol/errors.ts\` by \`node test/ops/pages.ts\`.

${table(['Code', 'HTTP', 'Close', 'Retry', 'Meaning'], rows)}
`
}

function defaultOf(key: string, option: Option<unknown>): string {
  if (key === 'dataDir') return '`./data`'
  if (key === 'nodeName') return "the machine's name"
  const value = option.default
  if (value === null || (Array.isArray(value) && value.length === 0)) return ''
  if (typeof value === 'boolean') return value ? '`on`' : '`off`'
  return `\`${Array.isArray(value) ? value.join(',') : value}\``
}

function configurationPage(): string {
  const rows = OPTION_ROWS.map(({ key, env, flag, option }) => [
    `\`${env}\`${option.secret ? ` or \`${env}_FILE\`` : ''}`,
    flag === null ? '' : `\`${flag}\``,
    defaultOf(key, option),
    option.live ? 'yes' : '',
    cell(`${option.description} Must be ${option.form}.`),
  ])
  return `# Configuration

Yeoul needs none to start. What you do set comes from the environment (\`YEOUL_…\`) or from flags of \`yeoul start\`; a flag
goes before the environment, and that before the default. A secret can also stand in a file: \`YEOUL_…_FILE\` names it, and
white space around its content is ignored. An empty variable counts as not set.

An unknown \`YEOUL_…\` variable or a bad value stops the start with one line that names it. \`yeoul config\` prints what is in
force and where each value came from. Times are in milliseconds. Lists are parted by commas.

*Live*: an admin may change it while the server runs, for all nodes at once:

    curl -X PATCH https://chat.example.com/api/v1/admin/config -H "Authorization: Bearer $TOKEN" \\
      -H 'Content-Type: application/json' -d '{"changes": {"limits.bodyLength": 4000, "registration": "closed"}}'

Such a value goes before all others and stays until it is taken back (\`null\`), restarts included. It is in force on every node
within a second; connected clients are told of changed limits. \`GET /api/v1/admin/config\` shows all options, their names as
the API has them, and a version; a PATCH that names the version fails with \`config_changed\` when somebody was faster.
\`GET /api/v1/admin/config/history\` says who changed what, when, and what it was before.

This page is made from \`src/config-options.ts\` by \`node test/ops/pages.ts\`.

${table(['Variable', 'Flag', 'Default', 'Live', 'Meaning'], rows)}
`
}

/** The pages by their path in the repository. */
export const PAGES: Record<string, () => string> = {
  'docs/errors.md': errorsPage,
  'docs/configuration.md': configurationPage,
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, page] of Object.entries(PAGES)) writeFileSync(new URL(`../../${path}`, import.meta.url), page())
}
