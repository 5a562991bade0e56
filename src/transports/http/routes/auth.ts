import { createRoute, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { Asker, Origin, SignedIn } from '../../../core/accounts.ts'
import { YeoulError } from '../../../protocol/errors.ts'
import type { WaysIn } from '../../../protocol/model.ts'
import type { HttpDeps, HttpEnv } from '../deps.ts'
import { bearer } from '../guard.ts'
import { type Api, answer, body, EMPTY, newApi, optionalBody, problems } from '../openapi.ts'
import { DisplayName, Password, text, UserBody, Username } from '../schemas.ts'

/** Where the refresh token of a cookie session is sent, and nowhere else. */
const COOKIE_PATH = '/api/v1/auth'
const COOKIE = 'yeoul_refresh'

const SessionKind = z
  .literal('cookie')
  .optional()
  .openapi({ description: 'The refresh token comes as an HttpOnly cookie, not in the body.' })
const RefreshToken = text({ min: 1, max: 256 })

const SignedInBody = z
  .object({
    user: UserBody,
    accessToken: z.string(),
    refreshToken: z.string().optional().openapi({ description: 'Left out of cookie sessions.' }),
    expiresIn: z.int().openapi({ description: 'Life of the access token in seconds.' }),
  })
  .openapi('SignedIn')

const tags = ['Accounts']
const register = createRoute({
  method: 'post',
  path: '/register',
  tags,
  summary: 'Make an account and log in',
  description: 'With the `setupToken` of the set-up link the account becomes the admin, once.',
  request: {
    body: body(
      z.object({
        username: Username,
        password: Password,
        displayName: DisplayName.optional(),
        setupToken: text({ min: 1, max: 256 }).optional(),
        session: SessionKind,
      }),
    ),
  },
  responses: {
    201: answer('The account was made.', SignedInBody),
    ...problems(
      'bad_request',
      'bad_text',
      'username_taken',
      'registration_closed',
      'setup_token_invalid',
      'rate_limited',
      'overloaded',
    ),
  },
})
const login = createRoute({
  method: 'post',
  path: '/login',
  tags,
  summary: 'Log in',
  request: {
    body: body(z.object({ username: text({ max: 64 }), password: text({ max: 1_024 }), session: SessionKind })),
  },
  responses: {
    200: answer('Logged in.', SignedInBody),
    ...problems('bad_request', 'bad_text', 'bad_credentials', 'account_disabled', 'rate_limited', 'overloaded'),
  },
})
const reset = createRoute({
  method: 'post',
  path: '/reset',
  tags,
  summary: 'Set a new password by a reset link, and log in',
  description: 'An admin hands out such links. The user’s other logins end.',
  request: {
    body: body(z.object({ token: text({ min: 1, max: 256 }), password: Password, session: SessionKind })),
  },
  responses: {
    200: answer('Logged in.', SignedInBody),
    ...problems('bad_request', 'bad_text', 'reset_token_invalid', 'account_disabled', 'rate_limited', 'overloaded'),
  },
})
const refresh = createRoute({
  method: 'post',
  path: '/refresh',
  tags,
  summary: 'Spend a refresh token for a new pair',
  description:
    'Each refresh token is good once; spending it again ends the login. A cookie session sends no body, and the header `X-Yeoul: 1`.',
  request: { body: optionalBody(z.object({ refreshToken: RefreshToken.optional() })) },
  responses: {
    200: answer('A new pair; the old refresh token is spent.', SignedInBody),
    ...problems('bad_request', 'refresh_invalid', 'refresh_reused', 'account_disabled', 'csrf_header_required'),
  },
})
const session = createRoute({
  method: 'post',
  path: '/session',
  tags,
  summary: 'Take up the cookie session of this browser, if there is one',
  description:
    'For pages, which cannot see the cookie: as `/auth/refresh` with the header `X-Yeoul: 1`, but having no living login ' +
    'is no error.',
  responses: {
    200: answer('A new access token; the cookie is renewed.', SignedInBody),
    204: { description: 'Nobody is logged in here.' },
    ...problems('account_disabled', 'csrf_header_required'),
  },
})
const options = createRoute({
  method: 'get',
  path: '/options',
  tags,
  summary: 'Which ways in there are',
  description: 'For everybody: what a page needs to know before anybody is logged in.',
  responses: {
    200: answer(
      'The ways in.',
      z
        .object({
          registration: z
            .enum(['open', 'closed'])
            .openapi({ description: 'Whether anybody may register; the set-up link works either way.' }),
        })
        .openapi('WaysIn') satisfies z.ZodType<WaysIn>,
    ),
    ...problems(),
  },
})
const logout = createRoute({
  method: 'post',
  path: '/logout',
  tags,
  summary: 'End the login that a refresh token belongs to',
  description: 'Its connections close. A cookie session sends no body, and the header `X-Yeoul: 1`.',
  request: { body: optionalBody(z.object({ refreshToken: RefreshToken.optional() })) },
  responses: { 204: EMPTY, ...problems('bad_request', 'csrf_header_required') },
})
const exchange = createRoute({
  method: 'post',
  path: '/tokens',
  tags,
  summary: 'Log in a person whom your own service vouches for',
  description: 'For services that have users of their own. The account is made at the first call.',
  security: [{ apiKey: [] }],
  request: {
    body: body(z.object({ externalId: text({ min: 1, max: 256 }), displayName: DisplayName.optional() })),
  },
  responses: {
    200: answer('Logged in.', SignedInBody),
    ...problems('bad_request', 'bad_text', 'unauthenticated', 'forbidden', 'account_disabled'),
  },
})

export function authRoutes(deps: HttpDeps): Api {
  const { accounts, resets } = deps
  const api = newApi()
  const cookieOptions = {
    path: COOKIE_PATH,
    httpOnly: true,
    sameSite: 'Strict' as const,
    secure: deps.options.publicUrl.startsWith('https:'),
  }

  api.openapi(register, async (c) => {
    const { session, ...wanted } = c.req.valid('json')
    return c.json(told(c, await accounts.register(wanted, askerOf(c, session))), 201)
  })
  api.openapi(login, async (c) => {
    const { session, ...given } = c.req.valid('json')
    return c.json(told(c, await accounts.login(given, askerOf(c, session))), 200)
  })
  api.openapi(reset, async (c) => {
    const { session, ...given } = c.req.valid('json')
    return c.json(told(c, await resets.redeem(given, askerOf(c, session))), 200)
  })
  api.openapi(refresh, async (c) => {
    const token = c.req.valid('json').refreshToken ?? cookieOf(c)
    if (token === undefined) throw new YeoulError('refresh_invalid', 'There is no refresh token.')
    return c.json(told(c, await accounts.refresh(token)), 200)
  })
  api.openapi(session, async (c) => {
    const token = cookieOf(c)
    const signedIn = token === undefined ? null : await accounts.refresh(token).catch(nullIfOver)
    return signedIn === null ? c.body(null, 204) : c.json(told(c, signedIn), 200)
  })
  api.openapi(options, (c) => c.json(accounts.waysIn, 200))
  api.openapi(logout, async (c) => {
    const given = c.req.valid('json').refreshToken
    const token = given ?? cookieOf(c)
    if (token !== undefined) await accounts.logout(token)
    if (given === undefined) deleteCookie(c, COOKIE, cookieOptions)
    return c.body(null, 204)
  })
  api.openapi(exchange, async (c) => {
    const key = bearer(c.req.header('Authorization'))
    return c.json(told(c, await accounts.exchange(key, c.req.valid('json'), originOf(c))), 200)
  })
  return api

  /** The answer's body; the refresh token of a cookie session goes into its cookie instead. */
  function told(c: Context<HttpEnv>, signedIn: SignedIn): z.infer<typeof SignedInBody> {
    const { user, accessToken, refreshToken } = signedIn
    const expiresIn = Math.round(signedIn.accessLifeMs / 1_000)
    if (!signedIn.cookie) return { user, accessToken, refreshToken, expiresIn }
    setCookie(c, COOKIE, refreshToken, { ...cookieOptions, expires: new Date(signedIn.refreshExpiresAt) })
    return { user, accessToken, expiresIn }
  }
}

/** A login that is over is none; every other failure stays one. */
function nullIfOver(error: unknown): null {
  const over = error instanceof YeoulError && (error.code === 'refresh_invalid' || error.code === 'refresh_reused')
  if (!over) throw error
  return null
}

function askerOf(c: Context<HttpEnv>, session: 'cookie' | undefined): Asker {
  return { address: c.get('address'), origin: originOf(c), cookie: session === 'cookie' }
}
function originOf(c: Context<HttpEnv>): Origin {
  return { device: c.req.header('User-Agent'), address: c.get('from') }
}

/**
 * The refresh token of a cookie session. A browser sends the cookie whoever caused the request, but lets no foreign page
 * set a header without asking us first (CORS): hence `X-Yeoul`. Throws `csrf_header_required`.
 */
function cookieOf(c: Context<HttpEnv>): string | undefined {
  const token = getCookie(c, COOKIE)
  if (token !== undefined && c.req.header('X-Yeoul') !== '1') throw new YeoulError('csrf_header_required')
  return token
}
