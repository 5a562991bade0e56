import type { User } from '@yeoul/client'
import { useWords } from '../i18n/index.ts'
import { Avatar } from '../people/avatar.tsx'
import { go, linkTo } from '../route.ts'
import { useClient } from '../session/client.ts'
import { Menu, MenuChoice, MenuItem, MenuLine } from '../ui/menu.tsx'
import { useSettings } from './settings.ts'
import { LANGUAGES, useThemes } from './switches.tsx'

/** Who is signed in, the settings, the language and the theme at hand, and the way out. */
export function AccountMenu({ user }: { user: User }) {
  const { t, language } = useWords()
  const { theme, setTheme, setLanguage } = useSettings()
  const { auth } = useClient()
  const themes = useThemes()
  return (
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
      <MenuLine />
      <MenuChoice label={t('settings.language')} value={language} choices={LANGUAGES} onChoose={setLanguage} />
      <MenuChoice label={t('settings.theme')} value={theme} choices={themes} onChoose={setTheme} />
      <MenuLine />
      <MenuItem icon="leave" onSelect={() => void auth.logout()}>
        {t('auth.signOut')}
      </MenuItem>
    </Menu>
  )
}
