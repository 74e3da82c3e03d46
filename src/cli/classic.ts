// What `cluster/kube-up.sh` told at its end: how the components are, and where the cluster's services answer.

import type { ComponentStatus } from '../api/generated/core-v1.ts'
import { services } from '../api/generated/resources.ts'
import type { HttpsClient } from '../client/https-client.ts'

const CLUSTER_SERVICE = 'kubernetes.io/cluster-service'
const DISPLAY_NAME = 'kubernetes.io/name'
const HEADINGS = ['NAME', 'STATUS', 'MESSAGE', 'ERROR'] as const
const GAP = 3

/** A table of the components' health. */
export function renderComponents(components: readonly ComponentStatus[]): string {
  const rows = components.map(({ metadata, conditions = [] }) => {
    const healthy = conditions.find((condition) => condition.type === 'Healthy')
    const status = healthy?.status === 'True' ? 'Healthy' : 'Unhealthy'
    return [metadata.name, status, healthy?.message ?? '', healthy?.error ?? '']
  })
  const table: readonly (readonly string[])[] = [HEADINGS, ...rows]
  const widths = HEADINGS.map((_, i) => Math.max(...table.map((row) => row[i]?.length ?? 0)) + GAP)
  return table
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join('')
          .trimEnd()}\n`,
    )
    .join('')
}

/** The closing lines of a start. */
export async function classicLines(client: HttpsClient, server: string): Promise<string> {
  const { status, body } = await client.raw('/api/v1/componentstatuses')
  if (status !== 200) throw new Error(`cannot list component statuses: the server answered ${status}`)
  const { items } = JSON.parse(body) as { items: ComponentStatus[] }
  const found = await client.list(services, { namespace: 'kube-system', labelSelector: `${CLUSTER_SERVICE}=true` })
  const lines = found.items.map(({ metadata: { name, namespace, labels }, spec }) => {
    const port = spec.ports?.[0]?.name
    const path = `/api/v1/namespaces/${namespace}/services/${name}${port ? `:${port}` : ''}/proxy`
    return `${labels?.[DISPLAY_NAME] ?? name} is running at ${server}${path}\n`
  })
  return `${renderComponents(items)}Kubernetes master is running at ${server}\n${lines.join('')}`
}
