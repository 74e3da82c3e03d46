// componentstatuses: read-only, worked out at every request, deprecated since v1.19 but still asked for.
// Spec: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/component-status-v1/

import type { ComponentStatus } from '../../../api/generated/core-v1.ts'
import type { StoredObject } from '../../api-object.ts'
import { type HealthCheck, problemOf } from '../../http/health.ts'
import { defineResource } from '../../resource-definition.ts'
import { nameColumn, text } from '../columns/common.ts'

const condition = (status: ComponentStatus) => (status.conditions ?? []).find((c) => c.type === 'Healthy')

function statusText(status: ComponentStatus): string {
  const healthy = condition(status)?.status
  if (healthy === undefined) return 'Unknown'
  return healthy === 'True' ? 'Healthy' : 'Unhealthy'
}

export const componentStatuses = defineResource<ComponentStatus>({
  group: '',
  resource: 'componentstatuses',
  shortNames: ['cs'],
  generation: false,
  deprecation: 'v1 ComponentStatus is deprecated in v1.19+',
  columns: [
    nameColumn,
    text('Status', statusText),
    text('Message', (s) => condition(s)?.message ?? ''),
    text('Error', (s) => condition(s)?.error ?? ''),
  ],
})

/** The statuses of components, each as its check says now. */
export async function checkComponents(checks: readonly HealthCheck[]): Promise<readonly StoredObject[]> {
  return Promise.all(
    checks.map(async ({ name, check }) => {
      const problem = await problemOf({ name, check })
      const condition =
        problem === undefined
          ? { type: 'Healthy', status: 'True', message: 'ok' }
          : { type: 'Healthy', status: 'False', message: '', error: problem }
      const metadata = { name } as StoredObject['metadata']
      return { kind: 'ComponentStatus', apiVersion: 'v1', metadata, conditions: [condition] }
    }),
  )
}
