import assert from 'node:assert/strict'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { ERRORS, isErrorCode } from '../../src/protocol/errors.ts'

type Json = Record<string, unknown>

export interface Operation {
  method: string
  /** As the document has it: `/api/v1/rooms/{room}`. */
  template: string
  parameters: { name: string; in: 'path' | 'query'; required: boolean; schema: Json }[]
  /** Of the JSON body; null when it takes none. */
  body: { schema: Json; required: boolean } | null
  security: Json[] | undefined
  responses: Json
}

export interface Answer<T = unknown> {
  status: number
  headers: Headers
  body: T
}

/**
 * The OpenAPI document of a running server, and a client that holds every answer to it: an answer with a status, a media
 * type or a field that the document does not have fails the test.
 */
export class Contract {
  readonly url: string
  readonly operations: Operation[]
  /** `METHOD template` of every operation that has succeeded. */
  readonly succeeded = new Set<string>()
  readonly #ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })
  readonly #validators = new Map<string, ValidateFunction>()

  private constructor(url: string, document: Json) {
    this.url = url
    this.operations = operationsOf(document)
    this.#ajv.addSchema({ ...(closed(document) as Json), $id: 'api' })
  }

  static async of(url: string): Promise<Contract> {
    const answer = await fetch(`${url}/openapi.json`)
    assert.equal(answer.status, 200)
    return new Contract(url, (await answer.json()) as Json)
  }

  /** Calls the server and checks the answer. `path` without /api/v1 unless it is one of the operations' own. */
  async call<T = unknown>(
    method: string,
    path: string,
    options: { token?: string | undefined; body?: unknown; headers?: Record<string, string>; raw?: string } = {},
  ): Promise<Answer<T>> {
    const headers: Record<string, string> = { ...options.headers }
    if (options.token !== undefined) headers.Authorization = `Bearer ${options.token}`
    const body = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body))
    if (body !== undefined) headers['Content-Type'] ??= 'application/json'
    const full = OUTSIDE.test(path) ? path : `/api/v1${path}`
    const response = await fetch(this.url + full, {
      method,
      headers,
      redirect: 'manual',
      ...(body !== undefined && { body }),
    })
    const text = await response.text()
    const answer = { status: response.status, headers: response.headers, body: read(text) as T }
    this.check(method, full, answer)
    return answer
  }

  /** Fails unless the document has such an answer to such a request. */
  check(method: string, path: string, answer: Answer): void {
    const name = `${method} ${path} → ${answer.status} ${JSON.stringify(answer.body)?.slice(0, 400)}`
    if (answer.status >= 400) checkProblem(answer, name)
    if (path.startsWith('/api/')) assert.equal(answer.headers.get('cache-control'), 'private, no-store', name)
    const operation = this.find(method, path)
    if (operation === undefined) {
      assert.ok(answer.status >= 400 && answer.status < 500, `${name}: not documented`)
      return
    }
    const status = String(answer.status) in operation.responses ? String(answer.status) : 'default'
    const response = operation.responses[status] as { content?: Record<string, unknown> } | undefined
    assert.ok(response, `${name}: no such answer in the document`)
    assert.ok(status !== 'default' || answer.status >= 400, `${name}: an undocumented success`)
    if (response.content === undefined) {
      assert.equal(answer.body, null, name)
    } else {
      const type = Object.keys(response.content)[0] as string
      assert.equal(answer.headers.get('content-type')?.split(';')[0], type, name)
      const validate = this.#validator(operation, status, type)
      assert.ok(validate(answer.body), `${name}: ${this.#ajv.errorsText(validate.errors)}`)
    }
    if (answer.status < 300) this.succeeded.add(`${operation.method} ${operation.template}`)
  }

  find(method: string, path: string): Operation | undefined {
    const pathname = path.split('?')[0] as string
    return this.operations.find(
      (o) => o.method === method && new RegExp(`^${o.template.replaceAll(/\{.+?\}/g, '[^/]+')}$`).test(pathname),
    )
  }

  #validator({ method, template, responses: _ }: Operation, status: string, type: string): ValidateFunction {
    const escaped = (part: string) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))
    const $ref = `api#/paths/${escaped(template)}/${method.toLowerCase()}/responses/${status}/content/${escaped(type)}/schema`
    const known = this.#validators.get($ref)
    if (known) return known
    const made = this.#ajv.compile({ $ref })
    this.#validators.set($ref, made)
    return made
  }
}

const OUTSIDE = /^\/(healthz|readyz|metrics|version|api\/)/

function read(text: string): unknown {
  if (text === '') return null
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Every error is a problem document that agrees with its row of the table. */
function checkProblem(answer: Answer, name: string): void {
  assert.equal(answer.headers.get('content-type'), 'application/problem+json', name)
  const problem = answer.body as { code: string; status: number; retryable: boolean; retryAfterMs?: number }
  assert.ok(isErrorCode(problem.code), name)
  const row = ERRORS[problem.code]
  assert.deepEqual([problem.status, problem.retryable], [row.status, row.retryable], name)
  assert.equal(problem.status, answer.status, name)
  assert.equal(answer.headers.has('retry-after'), problem.retryAfterMs !== undefined, name)
}

function operationsOf(document: Json): Operation[] {
  return Object.entries(document.paths as Record<string, Json>).flatMap(([template, item]) =>
    Object.entries(item as Record<string, Json>).map(([method, operation]) => {
      const body = operation.requestBody as
        | { required?: boolean; content: Record<string, { schema: Json }> }
        | undefined
      return {
        method: method.toUpperCase(),
        template,
        parameters: (operation.parameters ?? []) as Operation['parameters'],
        body: body ? { schema: body.content['application/json']!.schema, required: body.required ?? false } : null,
        security: operation.security as Json[] | undefined,
        responses: operation.responses as Json,
      }
    }),
  )
}

/** Objects of the document take no field that it does not name. */
function closed(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closed)
  if (node === null || typeof node !== 'object') return node
  const copy: Json = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, closed(value)]))
  if (copy.type === 'object' && copy.properties !== undefined) copy.additionalProperties ??= false
  return copy
}
