import type { Config, ensureSecrets } from './config.ts'
import { AccountService } from './core/accounts.ts'
import type { Audit } from './core/audit.ts'
import { ChangedRoles } from './core/changed-roles.ts'
import { EndedLogins } from './core/ended-logins.ts'
import { LoginLimits } from './core/login-limits.ts'
import { PasswordResets } from './core/password-resets.ts'
import { Passwords } from './core/passwords.ts'
import { Tokens } from './core/tokens.ts'
import type { Accounts } from './ports/accounts.ts'
import type { Administration } from './ports/administration.ts'
import type { Bus } from './ports/bus.ts'
import type { Logins } from './ports/logins.ts'
import type { ResetLinks } from './ports/reset-links.ts'

/** What keeps people, whichever adapter it is. */
interface Store {
  accounts: Accounts
  logins: Logins
  administration: Administration
  resetLinks: ResetLinks
}
type Secrets = ReturnType<typeof ensureSecrets>

/** Access tokens, and what takes them back before they expire. */
export async function composeTokens(
  config: Config,
  secrets: Secrets,
  store: Store,
  told: { onEnd(sid: string): void; failed(error: unknown): void },
) {
  const { accessTokenMs } = config
  const endedLogins = new EndedLogins({ logins: store.logins, accessTokenMs, ...told })
  const changedRoles = new ChangedRoles({ administration: store.administration, accessTokenMs })
  const tokens = await Tokens.create(
    {
      secret: secrets.jwtSecret,
      previousSecret: config.jwtPreviousSecret ?? undefined,
      issuer: config.publicUrl ?? 'yeoul',
      lifeMs: accessTokenMs,
    },
    endedLogins,
    changedRoles,
  )
  return { endedLogins, changedRoles, tokens }
}

/** People, their logins and their passwords. */
export function composeAccounts(
  config: Config,
  secrets: Secrets,
  parts: { store: Store; tokens: Tokens; bus: Bus; audit: Audit },
) {
  const { accounts: people, logins, administration, resetLinks } = parts.store
  const { tokens, bus, audit } = parts
  const passwords = new Passwords()
  const loginLimits = new LoginLimits()
  const limits = () => (config.rateLimit ? loginLimits : null)
  const accounts = new AccountService(
    { accounts: people, logins, administration, tokens, passwords, bus, limits },
    {
      secret: secrets.jwtSecret,
      registration: () => config.registration,
      apiKey: config.apiKey,
      refreshLifeMs: () => config.refreshTokenMs,
    },
  )
  const resets = new PasswordResets({ links: resetLinks, accounts: people, logins: accounts, passwords, limits, audit })
  return { passwords, accounts, resets }
}
