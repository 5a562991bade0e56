import type { User } from '@yeoul/client'
import { useDrafts } from '../composer/drafts.ts'
import { useWords } from '../i18n/index.ts'
import { Avatar } from '../people/avatar.tsx'
import { go, linkTo } from '../route.ts'
import { useClient } from '../session/client.ts'
import { Menu, MenuChoice, MenuItem, MenuLine } from '../ui/menu.tsx'
import { useSettings } from './settings.ts'
import { LANGUAGES, useThemes } from './switches.tsx'

/** Who is signed in, the language, the theme, and the way out. */
export function AccountMenu({ user }: { user: User }) {
  const { t, language } = useWords()
  const { theme, setTheme, setLanguage } = useSettings()
  const client = useClient()
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
      <div className="px-3 pt-1.5 pb-1">
        <p className="font-bold">{user.displayName}</p>
        <p className="text-[0.8125rem] text-faint">@{user.username}</p>
      </div>
      <MenuLine />
      <MenuChoice label={t('settings.language')} value={language} choices={LANGUAGES} onChoose={setLanguage} />
      <MenuChoice label={t('settings.theme')} value={theme} choices={themes} onChoose={setTheme} />
      <MenuLine />
      <MenuItem icon="more" onSelect={() => go(linkTo.settings('profile'))}>
        {t('settings.title')}
      </MenuItem>
      {user.role === 'admin' && (
        <MenuItem icon="globe" onSelect={() => go(linkTo.admin('overview'))}>
          {t('settings.admin')}
        </MenuItem>
      )}
      <MenuItem
        icon="leave"
        onSelect={() => {
          useDrafts.getState().clear()
          void client.auth.logout()
        }}
      >
        {t('auth.signOut')}
      </MenuItem>
    </Menu>
  )
}
