import type { Config } from '../config.ts'
import type { Page } from '../protocol/model.ts'
import type { AdminUser } from '../protocol/model-admin.ts'
import { askPassword } from './ask-password.ts'
import { withAccounts } from './data.ts'

/** `yeoul user create` */
export async function createUser(
  config: Config,
  username: string,
  flags: { admin?: boolean; displayName?: string; passwordStdin?: boolean },
): Promise<void> {
  const password = await askPassword(flags.passwordStdin === true)
  const wanted = { username, password, admin: flags.admin === true }
  const named = flags.displayName === undefined ? wanted : { ...wanted, displayName: flags.displayName }
  const user = await withAccounts(config, ({ service }) => service.createUser(named))
  console.log(`${user.role === 'admin' ? 'The admin' : 'The user'} ${user.username} is made.`)
}

/** `yeoul user password` */
export async function setPassword(config: Config, username: string, flags: { passwordStdin?: boolean }): Promise<void> {
  const password = await askPassword(flags.passwordStdin === true)
  await withAccounts(config, ({ service }) => service.setPassword(username, password))
  console.log(`${username} has a new password; all logins have ended.`)
}

/** `yeoul user disable` and `enable` */
export async function setDisabled(config: Config, username: string, disabled: boolean): Promise<void> {
  await withAccounts(config, ({ service }) => service.disable(username, disabled))
  console.log(disabled ? `${username} is shut out; all logins have ended.` : `${username} may sign in again.`)
}

/** `yeoul user reset` */
export async function printResetLink(config: Config, username: string): Promise<void> {
  const { token } = await withAccounts(config, ({ resets }) => resets.offerTo(username))
  const address = addressOf(config)
  console.log(`${username} sets a new password with this link; it works once, for 24 hours, and ends earlier links:`)
  console.log(`  ${address}/#reset=${token}`)
  explainPort(address)
}

/** `yeoul user list` */
export async function listUsers(config: Config): Promise<void> {
  await withAccounts(config, async ({ administration }) => {
    let cursor: string | null = null
    let listed = 0
    do {
      const page: Page<AdminUser> = await administration.users('', cursor, 200)
      listed += page.items.length
      for (const user of page.items) {
        const marks = [user.role === 'admin' ? 'admin' : '', user.disabled ? 'disabled' : ''].filter(Boolean).join(', ')
        console.log(
          [user.username, user.displayName, new Date(user.createdAt).toISOString(), marks].join('\t').trimEnd(),
        )
      }
      cursor = page.nextCursor
    } while (cursor !== null)
    if (listed === 0) console.log('There is no user yet; `yeoul user create NAME` makes one.')
  })
}

/** `yeoul setup-link` */
export async function printSetupLink(config: Config): Promise<void> {
  const token = await withAccounts(config, ({ service }) => service.offerSetup())
  if (token === null) {
    console.log('There is an admin already; `yeoul user create --admin` makes another one.')
    return
  }
  const address = addressOf(config)
  console.log('Make the admin’s account with this link; it works once, for 24 hours, and ends earlier links:')
  console.log(`  ${address}/#setup=${token}`)
  explainPort(address)
}

/** A free port is known to the running server alone. */
function addressOf(config: Config): string {
  return config.publicUrl ?? `http://localhost:${config.port || 'PORT'}`
}

function explainPort(address: string): void {
  if (address.endsWith(':PORT')) console.log('PORT is the one in the address that the server printed at its start.')
}
