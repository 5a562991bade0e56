import { useQuery } from '@tanstack/react-query'
import type { AdminNode } from '@yeoul/client'
import { useWords } from '../i18n/index.ts'
import { moment } from '../i18n/time.ts'
import { useClient } from '../session/client.ts'
import { Failed, SkeletonRows } from '../ui/states.tsx'
import { age, bytes, count, rate, share, took } from './numbers.ts'
import { Chip, PageHead } from './page-head.tsx'

/** The processes that are the server, and how each is doing now. One that died leaves the list within seconds. */
export function NodesPage() {
  const { t, problem } = useWords()
  const { api } = useClient()
  const nodes = useQuery({
    queryKey: ['admin', 'nodes'],
    queryFn: () => api.admin.nodes(),
    refetchInterval: 2_000,
    staleTime: 0,
  })
  const alone = nodes.data?.length === 1
  return (
    <div className="max-w-[56rem]">
      <PageHead title={t('admin.page.nodes')} lead={t(alone ? 'admin.nodes.alone' : 'admin.nodes.lead')} />
      {nodes.isPending && <SkeletonRows count={2} label={t('ui.loading')} />}
      {nodes.isError && !nodes.data && <Failed error={nodes.error} onRetry={() => void nodes.refetch()} />}
      {nodes.isError && nodes.data && (
        <p role="status" className="mb-3 text-[0.875rem] text-danger">
          {t('admin.figures.stuck', { problem: problem(nodes.error) })}
        </p>
      )}
      <ul className="grid gap-3">
        {nodes.data?.map((node) => (
          <NodeCard key={node.id} node={node} />
        ))}
      </ul>
    </div>
  )
}

const roleNames = ['gateway', 'api', 'worker'] as const

function NodeCard({ node }: { node: AdminNode }) {
  const { t, language } = useWords()
  const facts = [
    { name: t('admin.node.load'), value: share(node.load, language) },
    { name: t('admin.node.memory'), value: bytes(node.memory, language) },
    { name: t('admin.connections'), value: count(node.connections, language) },
    { name: t('admin.node.sessions'), value: count(node.sessions, language) },
    { name: t('admin.node.sent'), value: rate(node.sendsPerSecond, language) },
    { name: t('admin.node.delivered'), value: rate(node.deliveriesPerSecond, language) },
    { name: t('admin.node.p99'), value: took(node.deliveryP99Ms, language) },
    { name: t('admin.node.hotRooms'), value: count(node.hotRooms, language) },
  ]
  return (
    <li className="card p-4 wide:p-5">
      <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <h4 className="min-w-0 truncate font-bold">{node.name}</h4>
        <Chip tone={node.state === 'draining' ? 'danger' : 'calm'}>{t(`admin.node.${node.state}`)}</Chip>
        {node.roles.map((role) => {
          const known = roleNames.find((name) => name === role)
          return (
            <Chip key={role} tone="still">
              {known === undefined ? role : t(`admin.role.${known}`)}
            </Chip>
          )
        })}
      </div>
      <p className="mt-1 flex flex-wrap gap-x-3 text-[0.8125rem] text-faint">
        <span>{t('admin.version', { version: node.version })}</span>
        <span title={moment(node.startedAt, language)}>
          {t('admin.node.up', { time: age(node.seenAt - node.startedAt, language, 'long') })}
        </span>
      </p>
      <dl className="mt-4 grid grid-cols-2 gap-x-4 gap-y-3 wide:grid-cols-4">
        {facts.map(({ name, value }) => (
          <div key={name} className="min-w-0">
            <dt className="text-[0.8125rem] text-soft">{name}</dt>
            <dd className="text-[1.0625rem] font-semibold tabular-nums">{value}</dd>
          </div>
        ))}
      </dl>
      <div aria-hidden="true" className="mt-4 h-1.5 overflow-hidden rounded-full bg-sunk">
        <div
          className={`h-full rounded-full transition-[width] duration-700 ${node.load > 0.85 ? 'bg-danger' : 'bg-accent'}`}
          style={{ width: `${Math.max(1, Math.min(100, node.load * 100))}%` }}
        />
      </div>
    </li>
  )
}
