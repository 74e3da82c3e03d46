import { expect, it } from 'vitest'
import { customresourcedefinitions } from '../../api/generated/resources.ts'
import { startTestApi } from '../../apiserver/testing.ts'
import { GATEWAY_DEFINITIONS } from './definitions.ts'
import { gateways } from './types.ts'

const CONDITIONS = ['Established=True', 'KubernetesAPIApprovalPolicyConformant=True', 'NamesAccepted=True']

it('definitions are accepted, established, and fill in what upstream fills in', async () => {
  const api = await startTestApi({ customResources: true })
  try {
    for (const definition of GATEWAY_DEFINITIONS) await api.client.create(customresourcedefinitions, definition)
    await expect
      .poll(async () => {
        const { items } = await api.client.list(customresourcedefinitions)
        return items.map(({ status }) => status.conditions?.map((c) => `${c.type}=${c.status}`).sort())
      })
      .toEqual(GATEWAY_DEFINITIONS.map(() => CONDITIONS))
    const type = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway' }
    const gateway = await api.client.create(gateways, {
      ...type,
      metadata: { name: 'web', namespace: 'default' },
      spec: { gatewayClassName: 'nginx', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
    })
    expect(gateway.spec.listeners[0]?.allowedRoutes).toEqual({ namespaces: { from: 'Same' } })
    const { status } = await api.client.get(gateways, { name: 'web', namespace: 'default' })
    expect(status.conditions?.map((c) => [c.type, c.status, c.reason])).toEqual([
      ['Accepted', 'Unknown', 'Pending'],
      ['Programmed', 'Unknown', 'Pending'],
    ])
    await expect(
      api.client.create(gateways, {
        ...type,
        metadata: { name: 'bad', namespace: 'default' },
        spec: { gatewayClassName: 'nginx', listeners: [{ name: 'http', port: 0, protocol: 'HTTP' }] },
      }),
    ).rejects.toThrow('spec.listeners[0].port')
  } finally {
    await api.close()
  }
})
