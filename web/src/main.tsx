import { I18nProvider } from '@lingui/react'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { i18n } from './i18n/index.ts'
import { ClientProvider, createPageClient } from './session/client.ts'
import { applySettings } from './settings/settings.ts'
import { Crash } from './ui/crash.tsx'
import './styles.css'

applySettings()
const client = createPageClient()
const queries = new QueryClient({
  defaultOptions: {
    queries: { retry: 1, staleTime: 10_000, refetchOnWindowFocus: false },
    // Without a network it fails, and says so: it must not be done later, when nobody thinks of it any more.
    mutations: { networkMode: 'always' },
  },
})

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <I18nProvider i18n={i18n}>
      <Crash>
        <QueryClientProvider client={queries}>
          <ClientProvider value={client}>
            <App />
          </ClientProvider>
        </QueryClientProvider>
      </Crash>
    </I18nProvider>
  </StrictMode>,
)
