import { describe, expect, it } from 'vitest'
import { setUnset } from './unset.ts'

const cases: readonly [what: string, typeRef: string, object: object, complete: object][] = [
  [
    'structs that are held by value, and what is in them',
    'io.k8s.api.apps.v1.Deployment',
    { spec: { template: { spec: {} } } },
    {
      metadata: {},
      spec: {
        selector: null,
        strategy: {},
        template: { metadata: {}, spec: { containers: null } },
      },
      status: {},
    },
  ],
  [
    'what is in lists',
    'io.k8s.api.core.v1.PodStatus',
    { conditions: [{ type: 'Ready', status: 'True' }], containerStatuses: [{ name: 'a', ready: false }] },
    {
      conditions: [{ type: 'Ready', status: 'True', lastProbeTime: null, lastTransitionTime: null }],
      containerStatuses: [
        { name: 'a', ready: false, image: '', imageID: '', restartCount: 0, lastState: {}, state: {} },
      ],
    },
  ],
  [
    'quantities and numbers that may be names',
    'io.k8s.api.core.v1.Container',
    {
      name: 'a',
      env: [{ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } }],
      livenessProbe: { tcpSocket: {} },
    },
    {
      name: 'a',
      env: [{ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '0' } } }],
      livenessProbe: { tcpSocket: { port: 0 } },
      resources: {},
    },
  ],
  [
    'types that hold themselves',
    'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceValidation',
    { openAPIV3Schema: { properties: { a: { type: 'string' } } } },
    { openAPIV3Schema: { properties: { a: { type: 'string' } } } },
  ],
]

describe('fields that nobody set', () => {
  it.each(cases)('%s', (_what, typeRef, object, complete) => {
    setUnset(typeRef, object as Record<string, unknown>)
    expect(object).toEqual(complete)
  })

  it('are what lists without elements become in the store', () => {
    const sent = { rules: [] }
    setUnset('io.k8s.api.rbac.v1.ClusterRole', sent)
    expect(sent).toEqual({ rules: [], metadata: {} })
    setUnset('io.k8s.api.rbac.v1.ClusterRole', sent, true)
    expect(sent).toEqual({ rules: null, metadata: {} })
  })
})
