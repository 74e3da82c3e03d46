import { describe, expect, it } from 'vitest'
import { typeRefOfKind } from '../../api/schema.ts'
import { decode } from '../../machinery/decode.ts'
import { convertRetired } from './convert-retired.ts'
import { parseLenientJson } from './lenient-json.ts'

function converted(text: string): { object: unknown; warnings: string[] } {
  const warnings: string[] = []
  const object = convertRetired(parseLenientJson(text), (warning) => warnings.push(warning))
  const { kind, items = [object] } = object as { kind: string; items?: { kind: string }[] }
  for (const item of items) {
    const type = typeRefOfKind('', 'v1', (item as { kind?: string }).kind ?? kind)
    // Whatever comes out is an object of today, down to the last field.
    expect(type && decode(type, item).unknownFields).toEqual([])
  }
  return { object, warnings }
}

/** A controller of the first guestbook: its manifest in a desired state. */
const controller = (name: string, { replicas, image, ports }: { replicas: number; image: string; ports: string }) => `{
  "id": "${name}-controller", "kind": "ReplicationController", "apiVersion": "v1beta1",
  "desiredState": {
    "replicas": ${replicas}, "replicaSelector": {"name": "${name}"},
    "podTemplate": {
      "desiredState": {"manifest": {"version": "v1beta1", "id": "${name}",
        "containers": [{"name": "c", "image": "${image}", "ports": [{${ports}}]}]}},
      "labels": {"name": "${name}", "app": "redis"}
    }
  },
  "labels": {"name": "${name}"} # for the service
}`

const todaysController = (name: string, replicas: number, image: string, port: object) => ({
  apiVersion: 'v1',
  kind: 'ReplicationController',
  metadata: { name: `${name}-controller`, labels: { name } },
  spec: {
    replicas,
    selector: { name },
    template: {
      metadata: { labels: { name, app: 'redis' } },
      spec: { containers: [{ name: 'c', image, ports: [port] }] },
    },
  },
})

describe('the guestbook of 2015', () => {
  it.each([
    ['redis-master', 1, 'redis', '"containerPort": 6379,   # traffic to redis\n', { containerPort: 6379 }],
    ['redis-slave', 2, 'kubernetes/redis-slave:v2', '"containerPort": 6379', { containerPort: 6379 }],
    [
      'frontend',
      3,
      'kubernetes/example-guestbook-php-redis:v2',
      '"name": "http-server", "containerPort": 80',
      { name: 'http-server', containerPort: 80 },
    ],
  ])('reads the controller of %s', (name, replicas, image, ports, port) => {
    const { object, warnings } = converted(controller(name, { replicas, image, ports }))
    expect(object).toEqual(todaysController(name, replicas, image, port))
    expect(warnings).toEqual([
      `v1beta1 ReplicationController "${name}-controller" is from before Kubernetes 1.0 and was read as v1; today write apiVersion: v1, metadata.name instead of id, metadata.labels instead of labels, spec.replicas instead of desiredState.replicas, spec.selector instead of desiredState.replicaSelector, spec.template instead of desiredState.podTemplate, spec instead of desiredState.manifest`,
    ])
  })

  it('reads the services of redis', () => {
    const { object, warnings } = converted(`{
      "id": "redis-master", "kind": "Service", "apiVersion": "v1beta1", "port": 6379, "containerPort": 6379,
      "selector": {"name": "redis-master"}, "labels": {"name": "redis-master"}
    }`)
    expect(object).toEqual({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'redis-master', labels: { name: 'redis-master' } },
      spec: { selector: { name: 'redis-master' }, ports: [{ port: 6379, targetPort: 6379 }] },
    })
    expect(warnings[0]).toContain('spec.ports[0].port instead of port')
  })

  it('reads the service of the front end', () => {
    const { object, warnings } = converted(`{
      "id": "frontend", "kind": "Service", "apiVersion": "v1beta1", "port": 8000, "containerPort": "http-server",
      "publicIPs":["10.11.22.33"], "selector": {"name": "frontend"}, "labels": {"name": "frontend"},
      "createExternalLoadBalancer": true
    }`)
    expect(object).toEqual({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'frontend', labels: { name: 'frontend' } },
      spec: {
        selector: { name: 'frontend' },
        externalIPs: ['10.11.22.33'],
        type: 'LoadBalancer',
        ports: [{ port: 8000, targetPort: 'http-server' }],
      },
    })
    expect(warnings[0]).toContain(
      'spec.externalIPs instead of publicIPs, spec.type: LoadBalancer instead of createExternal',
    )
  })
})

describe('convertRetired', () => {
  it.each([
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec: { containers: [] } },
    { apiVersion: 'apps/v1beta1', kind: 'Deployment', metadata: { name: 'a' } },
    { apiVersion: 'extensions/v1beta1', kind: 'Ingress', metadata: { name: 'echomap' } },
    { apiVersion: 'v1', kind: 'List', items: [{ apiVersion: 'v1', kind: 'Pod' }] },
    { nothing: true },
    'text',
    null,
  ])('leaves %j as it is', (object) => {
    const warnings: string[] = []
    expect(convertRetired(object, (text) => warnings.push(text))).toBe(object)
    expect(warnings).toEqual([])
  })

  it('reads a pod with all that a manifest had', () => {
    const { object, warnings } = converted(`{
      kind: Pod, apiVersion: v1beta2, id: My_Pod, namespace: ns, annotations: {a: b}, creationTimestamp: null,
      resourceVersion: 7, nodeSelector: {disk: ssd}, labels: {app: a},
      desiredState: {
        host: node-1,
        manifest: {
          version: v1beta2, id: x, restartPolicy: {onFailure: {}}, dnsPolicy: ClusterFirst,
          volumes: [
            {name: a, source: {emptyDir: {}}}, {name: b, source: {hostDir: {path: /x}}},
            {name: c, source: {persistentDisk: {pdName: p, fsType: ext4}}},
            {name: d, source: {gitRepo: {repository: r, revision: v}}},
            {name: e, source: {secret: {target: {kind: Secret, name: s}}}}, {name: f}
          ],
          containers: [{
            name: Web, image: i, command: [run], entrypoint: [/sh], cpu: 250, memory: 1048576, privileged: true,
            capabilities: {add: [NET_ADMIN]}, imagePullPolicy: PullIfNotPresent,
            env: [{key: K, value: v}, {name: N, value: w}],
            volumeMounts: [{name: a, path: /a, mountType: x}, {name: b, mountPath: /b, readOnly: true}],
            ports: [{name: HTTP, containerPort: 80, hostPort: 0, protocol: tcp}],
          }]
        }
      },
      currentState: {status: Running}
    }`)
    expect(object).toEqual({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'my-pod', namespace: 'ns', annotations: { a: 'b' }, labels: { app: 'a' } },
      spec: {
        dnsPolicy: 'ClusterFirst',
        restartPolicy: 'OnFailure',
        nodeName: 'node-1',
        nodeSelector: { disk: 'ssd' },
        volumes: [
          { name: 'a', emptyDir: {} },
          { name: 'b', hostPath: { path: '/x' } },
          { name: 'c', gcePersistentDisk: { pdName: 'p', fsType: 'ext4' } },
          { name: 'd', gitRepo: { repository: 'r', revision: 'v' } },
          { name: 'e', secret: { secretName: 's' } },
          { name: 'f', emptyDir: {} },
        ],
        containers: [
          {
            name: 'web',
            image: 'i',
            command: ['/sh'],
            args: ['run'],
            imagePullPolicy: 'IfNotPresent',
            env: [
              { name: 'K', value: 'v' },
              { name: 'N', value: 'w' },
            ],
            volumeMounts: [
              { name: 'a', mountPath: '/a' },
              { name: 'b', mountPath: '/b', readOnly: true },
            ],
            ports: [{ name: 'http', containerPort: 80, protocol: 'TCP' }],
            resources: { limits: { cpu: '250m', memory: '1048576' } },
            securityContext: { privileged: true, capabilities: { add: ['NET_ADMIN'] } },
          },
        ],
      },
    })
    expect(warnings).toContain('Pod "my-pod": name "My_Pod" is written "my-pod": names are DNS labels now')
    expect(warnings).toHaveLength(4)
  })

  it.each([
    ['always', 'Always'],
    ['onFailure', 'OnFailure'],
    ['never', 'Never'],
  ])('reads the restart policy %s', (old, now) => {
    const { object } = converted(
      `{kind: Pod, apiVersion: v1beta1, id: a, desiredState: {manifest: {restartPolicy: {${old}: {}}, containers: []}}}`,
    )
    expect(object).toMatchObject({ spec: { restartPolicy: now } })
  })

  it.each([
    ['port: 80, containerPort: "8080"', { ports: [{ port: 80, targetPort: 8080 }] }],
    ['port: 80, portName: Web, protocol: udp', { ports: [{ name: 'web', port: 80, protocol: 'UDP' }] }],
    ['port: 80, portalIP: 10.0.0.5, sessionAffinity: clientip', { clusterIP: '10.0.0.5', sessionAffinity: 'ClientIP' }],
    ['port: 80, proxyPort: 4000, createExternalLoadBalancer: false', { ports: [{ port: 80 }] }],
    [
      'ports: [{name: a, port: 80, containerPort: x}, {name: b, port: 81, containerPort: 82}]',
      {
        ports: [
          { name: 'a', port: 80, targetPort: 'x' },
          { name: 'b', port: 81, targetPort: 82 },
        ],
      },
    ],
  ])('reads a service with %s', (fields, spec) => {
    const { object } = converted(`{kind: Service, apiVersion: v1beta2, id: s, ${fields}}`)
    expect(object).toMatchObject({ kind: 'Service', metadata: { name: 's' }, spec })
    expect(object).not.toHaveProperty('spec.type')
  })

  it('takes a service without a container port to the first port of its pods', () => {
    const { object } = converted(`{
      kind: List, apiVersion: v1beta1, items: [
        {kind: Service, apiVersion: v1beta1, id: s, port: 80, selector: {name: web}},
        ${controller('web', { replicas: 1, image: 'i', ports: '"containerPort": 8080' })},
      ]
    }`)
    expect(object).toMatchObject({
      apiVersion: 'v1',
      kind: 'List',
      items: [
        { kind: 'Service', spec: { ports: [{ port: 80, targetPort: 8080 }] } },
        { kind: 'ReplicationController' },
      ],
    })
    const alone = converted('{kind: Service, apiVersion: v1beta1, id: s, port: 80, selector: {name: web}}')
    expect(alone.object).toMatchObject({ spec: { ports: [{ port: 80 }] } })
    expect(alone.warnings[1]).toContain('without containerPort it used to be the first port of the pod')
  })

  it('converts what a list of today holds', () => {
    const { object } = converted(
      '{kind: List, apiVersion: v1, items: [{kind: Namespace, apiVersion: v1beta3, metadata: {name: a}}, {kind: Pod, apiVersion: v1}]}',
    )
    expect(object).toEqual({
      apiVersion: 'v1',
      kind: 'List',
      items: [
        { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } },
        { apiVersion: 'v1', kind: 'Pod' },
      ],
    })
  })

  it('gives items of a typed list their kind', () => {
    const { object } = converted('{kind: ServiceList, apiVersion: v1beta1, items: [{id: a, port: 1}]}')
    expect(object).toMatchObject({
      kind: 'List',
      items: [{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'a' } }],
    })
  })

  it('reads v1beta3', () => {
    const pod = converted(`{kind: Pod, apiVersion: v1beta3, metadata: {name: a, creationTimestamp: null}, spec: {
      host: n, containers: [{name: c, image: i, command: [x], privileged: true, capabilities: {drop: [ALL]}, resources: {limits: {cpu: 1}}}],
      volumes: [{name: v, hostPath: {path: /x}}]}}`)
    expect(pod.object).toEqual({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'a' },
      spec: {
        nodeName: 'n',
        containers: [
          {
            name: 'c',
            image: 'i',
            command: ['x'],
            resources: { limits: { cpu: 1 } },
            securityContext: { privileged: true, capabilities: { drop: ['ALL'] } },
          },
        ],
        volumes: [{ name: 'v', hostPath: { path: '/x' } }],
      },
    })
    const service = converted(`{kind: Service, apiVersion: v1beta3, metadata: {name: s}, spec: {
      portalIP: None, publicIPs: [1.2.3.4], createExternalLoadBalancer: true, ports: [{port: 1, targetPort: 2}]}}`)
    expect(service.object).toMatchObject({
      spec: { clusterIP: 'None', externalIPs: ['1.2.3.4'], type: 'LoadBalancer', ports: [{ port: 1, targetPort: 2 }] },
    })
  })

  it.each([
    [
      '{kind: Minion, apiVersion: v1beta1, id: n1, hostIP: 10.0.0.1, resources: {capacity: {cpu: 2}}, labels: {a: b}}',
      {
        kind: 'Node',
        metadata: { name: 'n1', labels: { a: 'b' } },
        spec: {},
        status: { capacity: { cpu: 2 }, addresses: [{ type: 'InternalIP', address: '10.0.0.1' }] },
      },
    ],
    [
      '{kind: Endpoints, apiVersion: v1beta1, id: e, protocol: tcp, endpoints: ["10.0.0.1:80", "10.0.0.2:80"]}',
      {
        kind: 'Endpoints',
        metadata: { name: 'e' },
        subsets: [{ addresses: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }], ports: [{ port: 80, protocol: 'TCP' }] }],
      },
    ],
    [
      '{kind: Secret, apiVersion: v1beta1, id: s, data: {a: Yg==}, type: Opaque}',
      { kind: 'Secret', metadata: { name: 's' }, data: { a: 'Yg==' }, type: 'Opaque' },
    ],
    [
      '{kind: ResourceQuota, apiVersion: v1beta1, id: q, spec: {hard: {pods: 3}}, status: {}}',
      { kind: 'ResourceQuota', metadata: { name: 'q' }, spec: { hard: { pods: 3 } } },
    ],
    [
      '{kind: LimitRange, apiVersion: v1beta2, id: l, spec: {limits: [{type: Pod, max: {cpu: 1}}]}}',
      { kind: 'LimitRange', metadata: { name: 'l' }, spec: { limits: [{ type: 'Pod', max: { cpu: 1 } }] } },
    ],
    [
      '{kind: PersistentVolume, apiVersion: v1beta1, id: p, spec: {persistentDisk: {pdName: d}, accessModes: [ReadWriteOnce]}}',
      {
        kind: 'PersistentVolume',
        metadata: { name: 'p' },
        spec: { gcePersistentDisk: { pdName: 'd' }, accessModes: ['ReadWriteOnce'] },
      },
    ],
    [
      '{kind: PersistentVolumeClaim, apiVersion: v1beta3, metadata: {name: c}, spec: {accessModes: [ReadWriteOnce]}}',
      { kind: 'PersistentVolumeClaim', metadata: { name: 'c' }, spec: { accessModes: ['ReadWriteOnce'] } },
    ],
    [
      '{kind: ServiceAccount, apiVersion: v1beta1, id: a, secrets: [{name: s}]}',
      { kind: 'ServiceAccount', metadata: { name: 'a' }, secrets: [{ name: 's' }] },
    ],
    [
      '{kind: Event, apiVersion: v1beta1, id: e, source: kubelet, host: n, timestamp: "2015-01-01T00:00:00Z", reason: r, involvedObject: {kind: Pod}}',
      {
        kind: 'Event',
        metadata: { name: 'e' },
        source: { component: 'kubelet', host: 'n' },
        firstTimestamp: '2015-01-01T00:00:00Z',
        lastTimestamp: '2015-01-01T00:00:00Z',
        reason: 'r',
        involvedObject: { kind: 'Pod' },
      },
    ],
  ])('reads %s', (text, object) => {
    expect(converted(text).object).toEqual({ apiVersion: 'v1', ...object })
  })
})
