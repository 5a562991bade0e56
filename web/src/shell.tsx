import { useQueryClient } from '@tanstack/react-query'
import type { User } from '@yeoul/client'
import { type ReactNode, useCallback, useEffect } from 'react'
import { useDrafts } from './composer/drafts.ts'
import { ConnectionBar } from './connection/connection-bar.tsx'
import { useWords } from './i18n/index.ts'
import { loadSwitcher, useOverlay } from './keyboard/overlay.ts'
import { useShortcuts } from './keyboard/shortcuts.ts'
import { FindRooms } from './rooms/find-rooms.tsx'
import { RoomPage } from './rooms/room-page.tsx'
import { RoomsPane } from './rooms/rooms-pane.tsx'
import { useUnreadSigns } from './rooms/unread-signs.ts'
import { Welcome } from './rooms/welcome.tsx'
import { go, linkTo, useRoute } from './route.ts'
import { useClient, useLive } from './session/client.ts'
import { Button } from './ui/button.tsx'
import { Dialog } from './ui/dialog.tsx'
import { Later } from './ui/later.tsx'
import { Empty, SkeletonRows } from './ui/states.tsx'
import { useWide } from './ui/use-wide.ts'

// Not part of the first load: fetched when they are first opened.
const loadSettings = () => import('./settings/settings-pages.tsx')
const loadAdmin = () => import('./admin/admin-pages.tsx')
const loadNotifier = () => import('./notifications/notifier.tsx')
const loadKeys = () => import('./keyboard/key-help.tsx')

/** The chat: rooms on the left, one conversation on the right; on a phone one of them at a time. */
export function Shell({ user }: { user: User }) {
  const client = useClient()
  const route = useRoute()
  const { t } = useWords()
  useEffect(() => client.connect(), [client])
  useStartOf(user.id)
  useUnreadSigns()
  useShortcuts(route.at === 'room' ? route.room : undefined)
  const showsRooms = route.at === 'home' || route.at === 'setup'
  const waiting = <SkeletonRows count={4} label={t('ui.loading')} />

  return (
    <div className="flex h-full flex-col safe-top">
      {route.at === 'room' && (
        <button
          type="button"
          onClick={() => document.getElementById('composer')?.focus()}
          className="sr-only rounded-xl bg-accent px-4 py-2 text-on-accent focus:not-sr-only focus:absolute focus:start-3 focus:top-3 focus:z-50"
        >
          {t('app.skip')}
        </button>
      )}
      <Later name="notifier" load={loadNotifier} failed={() => null}>
        {({ Notifier }) => <Notifier me={user.id} />}
      </Later>
      <div className="relative flex min-h-0 flex-1">
        <ConnectionBar atFoot={showsRooms} />
        <div
          className={`${showsRooms ? 'flex' : 'hidden'} w-full min-w-0 flex-col border-line wide:flex wide:w-[21rem] wide:border-e`}
        >
          <RoomsPane user={user} current={route.at === 'room' ? route.room : undefined} />
        </div>
        <main className={`${showsRooms ? 'hidden' : 'flex'} min-w-0 flex-1 flex-col bg-water wide:flex`}>
          {route.at === 'room' && <RoomPage key={route.room} id={route.room} seq={route.seq} />}
          {route.at === 'find' && <FindRooms />}
          {route.at === 'lost' && <Lost />}
          {route.at === 'settings' && (
            <Later name="settings" load={loadSettings} waiting={waiting}>
              {({ SettingsPages }) => <SettingsPages user={user} page={route.page} />}
            </Later>
          )}
          {route.at === 'admin' && user.role === 'admin' && (
            <Later name="admin" load={loadAdmin} waiting={waiting}>
              {({ AdminPages }) => <AdminPages page={route.page} />}
            </Later>
          )}
          {route.at === 'admin' && user.role !== 'admin' && <AdminsOnly />}
          {showsRooms && <PickRoom user={user} />}
        </main>
      </div>
      <Overlays current={route.at === 'room' ? route.room : undefined} />
    </div>
  )
}

/** What the keyboard opens over everything. */
function Overlays({ current }: { current: string | undefined }) {
  const { shown, show } = useOverlay()
  const { t } = useWords()
  const close = useCallback(() => show(null), [show])
  const inDialog = (title: string) => (said: ReactNode) => (
    <Dialog title={title} onClose={close}>
      {said}
    </Dialog>
  )
  return (
    <>
      {shown === 'switcher' && (
        <Later name="switcher" load={loadSwitcher} failed={inDialog(t('rooms.switcher'))}>
          {({ QuickSwitcher }) => <QuickSwitcher current={current} onClose={close} />}
        </Later>
      )}
      {shown === 'keys' && (
        <Later name="keys" load={loadKeys} failed={inDialog(t('settings.keys'))}>
          {({ KeyHelp }) => <KeyHelp onClose={close} />}
        </Later>
      )}
    </>
  )
}

function Lost() {
  const { t } = useWords()
  return (
    <div className="flex h-full items-center justify-center">
      <Empty icon="wave" title={t('app.lost.title')} body={t('app.lost.body')}>
        <a
          href="/"
          className="inline-flex h-11 items-center rounded-xl bg-accent px-5 text-[0.9375rem] font-semibold text-on-accent hover:bg-accent-deep"
        >
          {t('app.lost.home')}
        </a>
      </Empty>
    </div>
  )
}

function PickRoom({ user }: { user: User }) {
  const { t } = useWords()
  const { rooms, state } = useLive(useClient().rooms)
  const wide = useWide()
  if (!wide || (rooms.length === 0 && state !== 'ready')) return null
  return (
    <div className="flex h-full items-center justify-center overflow-y-auto">
      {rooms.length === 0 ? (
        <Welcome user={user} />
      ) : (
        <Empty icon="wave" title={t('rooms.pick.title')} body={t('rooms.pick.body')} />
      )}
    </div>
  )
}

/** An address of the administration, opened by somebody else. */
function AdminsOnly() {
  const { t } = useWords()
  return (
    <div className="flex h-full items-center justify-center">
      <Empty icon="lock" title={t('app.adminsOnly.title')} body={t('app.adminsOnly.body')}>
        <Button look="quiet" onClick={() => go(linkTo.home)}>
          {t('rooms.back')}
        </Button>
      </Empty>
    </div>
  )
}

/** What an earlier user left in this tab is not for this one. */
function useStartOf(user: string): void {
  const queries = useQueryClient()
  const claim = useDrafts((drafts) => drafts.claim)
  useEffect(() => {
    claim(user)
    return () => queries.clear()
  }, [user, claim, queries])
}
