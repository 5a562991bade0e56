import type { User } from '@yeoul/client'
import { useState } from 'react'
import { useDrafts } from '../composer/drafts.ts'
import { useWords } from '../i18n/index.ts'
import { useOverlay } from '../keyboard/overlay.ts'
import { Avatar } from '../people/avatar.tsx'
import { go, linkTo } from '../route.ts'
import { useClient } from '../session/client.ts'
import { signOut } from '../session/sign-out.ts'
import { Confirm } from '../ui/dialog.tsx'
import { Menu, MenuChoice, MenuItem, MenuLine } from '../ui/menu.tsx'
import { useSettings } from './settings.ts'
import { LANGUAGES, useThemes } from './switches.tsx'

/** Who is signed in, the settings, the language and the theme at hand, and the way out. */
export function AccountMenu({ user }: { user: User }) {
  const { t, language } = useWords()
  const { theme, setTheme, setLanguage } = useSettings()
  const client = useClient()
  /** What signing out would lose, once it is known that it would. */
  const [losing, setLosing] = useState<string | null>(null)
  const themes = useThemes()

  function leave() {
    const unsent = client.unsent()
    const { texts, tasks } = useDrafts.getState()
    const edits = Object.values(tasks).filter(({ type }) => type === 'edit')
    const drafts = Object.keys(texts).length + edits.length
    const lost = [
      ...(unsent > 0 ? [t('auth.signOut.unsent', { count: unsent })] : []),
      ...(drafts > 0 ? [t('auth.signOut.drafts', { count: drafts })] : []),
    ]
    if (lost.length > 0) setLosing(lost.join(' '))
    else void signOut(client.auth)
  }

  return (
    <>
      <Menu
        trigger={
          <button
            type="button"
            aria-label={t('settings.account')}
            title={t('settings.account')}
            className="flex size-11 shrink-0 items-center justify-center rounded-2xl"
          >
            <Avatar id={user.id} name={user.displayName} size="small" />
          </button>
        }
      >
        <div className="flex max-w-72 items-center gap-3 px-3 pt-2 pb-1">
          <Avatar id={user.id} name={user.displayName} />
          <div className="min-w-0">
            <p className="truncate font-bold">{user.displayName}</p>
            <p className="truncate text-[0.8125rem] text-faint">@{user.username}</p>
          </div>
        </div>
        <MenuLine />
        <MenuItem icon="gear" onSelect={() => go(linkTo.settings('profile'))}>
          {t('settings.title')}
        </MenuItem>
        {user.role === 'admin' && (
          <MenuItem icon="shield" onSelect={() => go(linkTo.admin('overview'))}>
            {t('settings.admin')}
          </MenuItem>
        )}
        <MenuItem icon="keyboard" onSelect={() => useOverlay.getState().show('keys')}>
          {t('settings.keys')}
        </MenuItem>
        <MenuLine />
        <MenuChoice label={t('settings.language')} value={language} choices={LANGUAGES} onChoose={setLanguage} />
        <MenuChoice label={t('settings.theme')} value={theme} choices={themes} onChoose={setTheme} />
        <MenuLine />
        <MenuItem icon="leave" onSelect={leave}>
          {t('auth.signOut')}
        </MenuItem>
      </Menu>
      {losing !== null && (
        <Confirm
          title={t('auth.signOut.title')}
          body={losing}
          action={t('auth.signOut')}
          onConfirm={() => void signOut(client.auth)}
          onClose={() => setLosing(null)}
        />
      )}
    </>
  )
}
