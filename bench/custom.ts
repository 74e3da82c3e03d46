// Custom resources with rules, created as fast as can be.

import { type Json, LOAD_MS, post, target, watchUntil } from './cluster.ts'
import { report } from './figures.ts'
import { load, open, send } from './load.ts'

const RULES = [
  'self.minReplicas <= self.replicas',
  'self.replicas <= self.maxReplicas',
  "self.image.startsWith('registry.example/')",
  'self.ports.all(p, p >= 1 && p <= 65535)',
  "has(self.owner) ? self.owner.matches('^[a-z]+$') : true",
]

/** Custom resources with a schema and five rules in the Common Expression Language. */
export async function measureCustom(): Promise<void> {
  const session = await open(target())
  const integer = { type: 'integer' }
  const spec = {
    type: 'object',
    properties: {
      replicas: integer,
      minReplicas: integer,
      maxReplicas: integer,
      image: { type: 'string', maxLength: 200 },
      owner: { type: 'string', maxLength: 50 },
      ports: { type: 'array', maxItems: 20, items: integer },
    },
    'x-kubernetes-validations': RULES.map((rule) => ({ rule })),
  }
  await post(session, '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    metadata: { name: 'boats.bench.example' },
    spec: {
      group: 'bench.example',
      scope: 'Namespaced',
      names: { plural: 'boats', singular: 'boat', kind: 'Boat' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties: { spec } } },
        },
      ],
    },
  })
  const definition = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions?watch=1'
  await watchUntil(session, `${definition}&fieldSelector=metadata.name=boats.bench.example`, (crd) =>
    (crd.status?.conditions ?? []).some((c: Json) => c.type === 'Established' && c.status === 'True'),
  )
  const boat = {
    replicas: 3,
    minReplicas: 1,
    maxReplicas: 5,
    image: 'registry.example/a',
    owner: 'ann',
    ports: [80, 443],
  }
  const created = await load(target(), {
    clients: 64,
    ms: LOAD_MS,
    next: (c, n) => ({
      method: 'POST',
      path: '/apis/bench.example/v1/namespaces/default/boats',
      body: JSON.stringify({
        apiVersion: 'bench.example/v1',
        kind: 'Boat',
        metadata: { name: `b-${c}-${n}` },
        spec: boat,
      }),
    }),
  })
  report('custom resources/s, 5 CEL rules, 64 clients', created.perSecond, '/s')
  report('  p50 of a create', created.p50Ms, 'ms')
  await send(session, { method: 'DELETE', path: definition.replace('?watch=1', '/boats.bench.example') })
  session.destroy()
}
