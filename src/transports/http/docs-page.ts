import { ERRORS } from '../../protocol/errors.ts'
import type { OpenApiDocument } from './openapi.ts'

/** As much of JSON Schema as the document uses. */
interface Schema {
  $ref?: string
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  anyOf?: Schema[]
  oneOf?: Schema[]
  minLength?: number
  maxLength?: number
  minimum?: number
  maximum?: number
  description?: string
  default?: unknown
}
interface Content {
  content?: Record<string, { schema?: Schema }>
}
interface Operation {
  tags?: string[]
  summary?: string
  description?: string
  security?: Record<string, unknown>[]
  parameters?: { name: string; in: string; required?: boolean; description?: string; schema?: Schema }[]
  requestBody?: Content
  responses: Record<string, Content & { description: string }>
}
interface Endpoint extends Operation {
  method: string
  path: string
  id: string
}

/** The API as one page of HTML that needs no script. */
export function docsPage(document: OpenApiDocument, version: string): string {
  const endpoints = endpointsOf(document)
  const tags = [...new Set(endpoints.map((endpoint) => endpoint.tags?.[0] ?? ''))]
  const schemas = Object.entries((document.components?.schemas ?? {}) as Record<string, Schema>)
  const nav = tags
    .map((tag) => {
      const links = endpoints.filter((e) => e.tags?.[0] === tag).map((e) => `<li>${link(e)}</li>`)
      return `<h2>${html(tag)}</h2><ul>${links.join('')}</ul>`
    })
    .join('')
  const sections = tags
    .map((tag) => {
      const blocks = endpoints.filter((e) => e.tags?.[0] === tag).map(endpointBlock)
      return `<section><h2>${html(tag)}</h2>${blocks.join('')}</section>`
    })
    .join('')
  const shapes = schemas
    .map(([name, schema]) => `<h3 id="schema-${html(name)}">${html(name)}</h3><pre>${shape(schema)}</pre>`)
    .join('')
  return layout(
    'Yeoul API',
    `<nav>${nav}<h2>More</h2><ul><li><a href="#shapes">Shapes</a></li><li><a href="/docs/errors">Errors</a></li><li><a href="/openapi.json">openapi.json</a></li></ul></nav>
<main><h1>Yeoul API <small>${html(version)}</small></h1><p>${marked(document.info.description ?? '')}</p>
${sections}<section id="shapes"><h2>Shapes</h2>${shapes}</section></main>`,
  )
}

/** The error table as a page; `type` of a problem document points to a row of it. */
export function errorsPage(version: string): string {
  const rows = Object.entries(ERRORS).map(
    ([code, row]) =>
      `<tr id="${code}"><td><code>${code}</code></td><td>${row.status}</td><td>${'close' in row ? row.close : ''}</td><td>${row.retryable ? 'yes' : ''}</td><td>${marked(row.meaning)}</td></tr>`,
  )
  return layout(
    'Yeoul errors',
    `<main class="wide"><h1>Errors <small>${html(version)}</small></h1><p><a href="/docs">API</a></p>
<table><thead><tr><th>Code</th><th>HTTP</th><th>WebSocket close</th><th>Retry</th><th>Meaning</th></tr></thead><tbody>${rows.join('')}</tbody></table></main>`,
  )
}

function endpointsOf(document: OpenApiDocument): Endpoint[] {
  return Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    Object.entries(item as Record<string, Operation>).map(([method, operation]) => ({
      ...operation,
      method: method.toUpperCase(),
      path,
      id: `${method}-${path.replaceAll(/[^a-z0-9]+/gi, '-')}`,
    })),
  )
}

function link(endpoint: Endpoint): string {
  return `<a href="#${endpoint.id}">${badge(endpoint.method)} ${html(endpoint.summary ?? endpoint.path)}</a>`
}

function badge(method: string): string {
  return `<b class="${method.toLowerCase()}">${method}</b>`
}

function endpointBlock(endpoint: Endpoint): string {
  const parts = [`<h3>${badge(endpoint.method)} <code>${html(endpoint.path)}</code></h3>`]
  parts.push(`<p><strong>${html(endpoint.summary ?? '')}.</strong> ${marked(endpoint.description ?? '')}</p>`)
  const scheme = endpoint.security?.map((need) => Object.keys(need)[0] ?? 'nothing').join(' or ')
  if (scheme !== undefined) parts.push(`<p class="need">Needs: <code>${html(scheme)}</code></p>`)
  if (endpoint.parameters !== undefined && endpoint.parameters.length > 0) parts.push(parameterTable(endpoint))
  const body = schemaIn(endpoint.requestBody)
  if (body !== undefined) parts.push(`<h4>Body</h4><pre>${shape(body)}</pre>`)
  for (const [status, response] of Object.entries(endpoint.responses)) parts.push(responseBlock(status, response))
  return `<article id="${endpoint.id}">${parts.join('\n')}</article>`
}

function parameterTable(endpoint: Endpoint): string {
  const rows = (endpoint.parameters ?? []).map(
    (p) =>
      `<tr><td><code>${html(p.name)}</code>${p.required ? '' : ' <i>optional</i>'}</td><td>${html(p.in)}</td><td><code>${shape(p.schema ?? {})}</code></td><td>${marked(p.description ?? p.schema?.description ?? '')}</td></tr>`,
  )
  return `<table><tbody>${rows.join('')}</tbody></table>`
}

function responseBlock(status: string, response: Content & { description: string }): string {
  const good = status.startsWith('2')
  const told = response.description.split('\n\n').map(marked).join('<br>')
  const schema = good ? schemaIn(response) : undefined
  const body = schema === undefined ? '' : `<pre>${shape(schema)}</pre>`
  return `<div class="answer ${good ? 'good' : 'bad'}"><b>${html(status)}</b><div>${told}${body}</div></div>`
}

function schemaIn(holder: Content | undefined): Schema | undefined {
  return Object.values(holder?.content ?? {})[0]?.schema
}

/** A schema in the notation of TypeScript, as escaped HTML with links to the named shapes. */
function shape(schema: Schema, indent = ''): string {
  if (schema.$ref !== undefined) {
    const name = html(schema.$ref.split('/').at(-1) ?? '')
    return `<a href="#schema-${name}">${name}</a>`
  }
  const choices = schema.anyOf ?? schema.oneOf
  if (choices !== undefined) return choices.map((choice) => shape(choice, indent)).join(' | ')
  if (schema.enum !== undefined) return schema.enum.map((value) => html(JSON.stringify(value))).join(' | ')
  if (schema.const !== undefined) return html(JSON.stringify(schema.const))
  if (schema.properties !== undefined) return objectShape(schema, indent)
  if (schema.items !== undefined) return `${shape(schema.items, indent)}[]`
  const types = Array.isArray(schema.type) ? schema.type : [schema.type ?? 'any']
  return `${html(types.join(' | '))}${bounds(schema)}`
}

function objectShape(schema: Schema, indent: string): string {
  const inner = `${indent}  `
  const lines = Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const mark = schema.required?.includes(name) ? '' : '?'
    const note = property.description === undefined ? '' : `  <i>// ${html(property.description)}</i>`
    return `${inner}${html(name)}${mark}: ${shape(property, inner)}${note}`
  })
  return `{\n${lines.join('\n')}\n${indent}}`
}

function bounds(schema: Schema): string {
  const low = schema.minLength ?? schema.minimum
  const high = schema.maxLength ?? schema.maximum
  if (low === undefined && high === undefined) return ''
  if (high === Number.MAX_SAFE_INTEGER) return ` <i>≥ ${low ?? 0}</i>`
  return ` <i>${low ?? ''}…${high ?? ''}${schema.maxLength === undefined ? '' : ' long'}</i>`
}

/** Escaped, with `code` between backticks. */
function marked(text: string): string {
  return html(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>')
}

function html(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

function layout(title: string, content: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>${title}</title><link rel="stylesheet" href="/docs/style.css"></head>
<body>${content}</body></html>
`
}
