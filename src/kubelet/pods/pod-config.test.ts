import { describe, expect, it } from 'vitest'
import type { ConfigMap, Container, Pod, Service } from '../../api/generated/core-v1.ts'
import { Backoff } from './backoff.ts'
import { containerConfig } from './container-config.ts'
import { dnsSettings, hostsFile, parseResolvConf, sandboxHostname } from './dns.ts'
import { buildEnv, type EnvContext } from './env.ts'
import { expand, expandStrict } from './expand.ts'
import { fieldValue, resourceFieldValue } from './field-ref.ts'
import { containerResources, podCgroupResources, qosClass } from './qos.ts'
import { sandboxConfig } from './sandbox-config.ts'
import { verifyNonRoot } from './security.ts'
import { serviceEnv, visibleServices } from './service-env.ts'
import type { ApiPod } from './types.ts'

const metadata = { name: 'web', namespace: 'prod', uid: 'u1', resourceVersion: '1', creationTimestamp: '' }

function pod(container: Partial<Container> = {}, spec: Partial<Pod['spec']> = {}): ApiPod {
  const labels = { app: 'web', tier: 'a"b' }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, labels },
    spec: { containers: [{ name: 'c', image: 'i', ...container }], ...spec },
    status: {},
  }
}

function service(name: string, namespace: string, spec: Partial<Service['spec']>): Service {
  return { apiVersion: 'v1', kind: 'Service', metadata: { ...metadata, name, namespace }, spec, status: {} }
}

function context(p: ApiPod, maps: Record<string, Record<string, string>> = {}, services: Service[] = []): EnvContext {
  return {
    pod: p,
    podIPs: ['10.0.0.5'],
    hostIPs: ['192.0.2.1'],
    allocatable: { cpu: '4', memory: '8Gi' },
    services,
    objects: {
      configMap: async (_, name) => (maps[name] ? ({ metadata, data: maps[name] } as unknown as ConfigMap) : undefined),
      secret: async () => undefined,
    },
    readFile: async () => undefined,
  }
}

const env = (p: ApiPod, maps?: Record<string, Record<string, string>>, services?: Service[]) =>
  buildEnv(p.spec.containers[0] ?? { name: '' }, context(p, maps, services))

describe('expansion', () => {
  it.each([
    ['$(A)-$(B)', '1-2'],
    ['$$(A)', '$(A)'],
    ['$(NONE)', '$(NONE)'],
    ['$A $', '$A $'],
    ['$$$(A)', '$1'],
    ['$(A', '$(A'],
  ])('%s gives %s', (input, expected) => {
    expect(expand(input, (n) => ({ A: '1', B: '2' })[n])).toBe(expected)
  })

  it('refuses unknown names where they must be known', () => {
    expect(() => expandStrict('$(A)/$(B)', () => undefined)).toThrow('missing value for "A", "B"')
  })
})

describe('the environment', () => {
  it('puts services below envFrom and envFrom below env', async () => {
    const p = pod({
      envFrom: [{ prefix: 'P_', configMapRef: { name: 'm' } }],
      env: [
        { name: 'URL', value: 'http://$(DB_SERVICE_HOST):$(P_PORT)' },
        { name: 'P_X', value: 'own' },
      ],
    })
    const services = [service('db', 'prod', { clusterIP: '10.9.9.9', ports: [{ port: 5432 }] })]
    const got = await env(p, { m: { PORT: '80', X: 'map' } }, services)
    expect(got.get('URL')).toBe('http://10.9.9.9:80')
    expect(got.get('P_X')).toBe('own')
    expect(got.get('DB_PORT_5432_TCP_ADDR')).toBe('10.9.9.9')
  })

  it.each([
    [{ envFrom: [{ configMapRef: { name: 'none' } }] }, 'configmap "none" not found'],
    [{ envFrom: [{ secretRef: { name: 'none' } }] }, 'secret "none" not found'],
    [
      { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'm', key: 'k' } } }] },
      "couldn't find key k in ConfigMap prod/m",
    ],
  ])('explains what is missing: %j', async (container, message) => {
    await expect(env(pod(container), { m: {} })).rejects.toThrow(message)
  })

  it('leaves out what is optional', async () => {
    const ref = { name: 'none', key: 'k', optional: true }
    expect([...(await env(pod({ env: [{ name: 'A', valueFrom: { configMapKeyRef: ref } }] })))]).toEqual([])
  })

  it('knows the services a pod may see', () => {
    const all = [
      service('kubernetes', 'default', { clusterIP: '10.0.0.1' }),
      service('db', 'prod', { clusterIP: '10.0.0.2' }),
      service('db', 'other', { clusterIP: '10.0.0.3' }),
      service('headless', 'prod', { clusterIP: 'None' }),
    ]
    expect(visibleServices(all, 'prod', true).map((s) => s.spec.clusterIP)).toEqual(['10.0.0.1', '10.0.0.2'])
    expect(visibleServices(all, 'prod', false).map((s) => s.spec.clusterIP)).toEqual(['10.0.0.1'])
  })

  it('names service variables as docker links did', () => {
    const ports = [
      { name: 'redis', port: 6379 },
      { name: 'my-metrics', port: 9121, protocol: 'UDP' },
    ]
    expect(
      Object.fromEntries(serviceEnv([service('redis-master', 'prod', { clusterIP: '10.0.0.11', ports })])),
    ).toEqual({
      REDIS_MASTER_SERVICE_HOST: '10.0.0.11',
      REDIS_MASTER_SERVICE_PORT: '6379',
      REDIS_MASTER_SERVICE_PORT_REDIS: '6379',
      REDIS_MASTER_SERVICE_PORT_MY_METRICS: '9121',
      REDIS_MASTER_PORT: 'tcp://10.0.0.11:6379',
      REDIS_MASTER_PORT_6379_TCP: 'tcp://10.0.0.11:6379',
      REDIS_MASTER_PORT_6379_TCP_PROTO: 'tcp',
      REDIS_MASTER_PORT_6379_TCP_PORT: '6379',
      REDIS_MASTER_PORT_6379_TCP_ADDR: '10.0.0.11',
      REDIS_MASTER_PORT_9121_UDP: 'udp://10.0.0.11:9121',
      REDIS_MASTER_PORT_9121_UDP_PROTO: 'udp',
      REDIS_MASTER_PORT_9121_UDP_PORT: '9121',
      REDIS_MASTER_PORT_9121_UDP_ADDR: '10.0.0.11',
    })
  })
})

describe('the downward API', () => {
  const p = pod({ resources: { requests: { cpu: '250m' }, limits: { memory: '64Mi' } } })
  it.each([
    ['metadata.name', 'web'],
    ["metadata.labels['app']", 'web'],
    ["metadata.annotations['none']", ''],
    ['metadata.labels', 'app="web"\ntier="a\\"b"'],
    ['status.podIP', '10.0.0.5'],
    ['status.hostIP', '192.0.2.1'],
  ])('%s', (fieldPath, expected) => {
    expect(fieldValue({ fieldPath }, context(p))).toBe(expected)
  })

  it.each([
    ['requests.cpu', '1m', '250'],
    ['requests.cpu', undefined, '1'],
    ['limits.memory', '1Mi', '64'],
    ['limits.cpu', undefined, '4'],
    ['requests.memory', undefined, '67108864'],
  ])('%s by %s', (resource, divisor, expected) => {
    expect(resourceFieldValue({ resource, ...(divisor ? { divisor } : {}) }, 'c', context(p))).toBe(expected)
  })
})

describe('names inside a pod', () => {
  const host = parseResolvConf('# x\nnameserver 192.0.2.53\nsearch corp.example\noptions timeout:1\n')
  const cluster = { dns: ['10.96.0.10'], domain: 'cluster.local' }

  it('follows dnsPolicy and dnsConfig', () => {
    expect(dnsSettings(pod(), cluster, host)).toEqual({
      servers: ['10.96.0.10'],
      searches: ['prod.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'corp.example'],
      options: ['ndots:5'],
    })
    expect(dnsSettings(pod({}, { dnsPolicy: 'Default' }), cluster, host)).toEqual(host)
    expect(dnsSettings(pod({}, { hostNetwork: true }), cluster, host)).toEqual(host)
    const dnsConfig = { nameservers: ['1.1.1.1'], options: [{ name: 'ndots', value: '2' }] }
    expect(dnsSettings(pod({}, { dnsPolicy: 'None', dnsConfig }), cluster, host)).toEqual({
      servers: ['1.1.1.1'],
      searches: [],
      options: ['ndots:2'],
    })
    expect(dnsSettings(pod({}, { dnsConfig }), cluster, host).options).toEqual(['ndots:2'])
  })

  it('writes /etc/hosts', () => {
    const p = pod({}, { subdomain: 'sub', hostAliases: [{ ip: '1.2.3.4', hostnames: ['a', 'b'] }] })
    const text = hostsFile(p, { podIPs: ['10.0.0.5'], clusterDomain: 'cluster.local', hostFile: '' })
    expect(text).toMatch(/^# Kubernetes-managed hosts file\.\n127\.0\.0\.1\tlocalhost\n/)
    expect(text).toContain('10.0.0.5\tweb.sub.prod.svc.cluster.local\tweb\n')
    expect(text).toMatch(/\n# Entries added by HostAliases\.\n1\.2\.3\.4\ta\tb\n$/)
  })

  it('names the sandbox', () => {
    expect(sandboxHostname(pod(), 'cluster.local')).toBe('web')
    expect(sandboxHostname(pod({}, { subdomain: 's', setHostnameAsFQDN: true }), 'cluster.local')).toBe(
      'web.s.prod.svc.cluster.local',
    )
  })
})

describe('resources', () => {
  it.each([
    [{}, 'BestEffort', 1000],
    [{ resources: { limits: { cpu: '1', memory: '1Gi' } } }, 'Guaranteed', -997],
    [{ resources: { requests: { memory: '2Gi' } } }, 'Burstable', 750],
    [{ resources: { requests: { cpu: '1' } } }, 'Burstable', 999],
  ])('%j is %s with oom score %d', (container, qos, oom) => {
    const p = pod(container)
    expect(qosClass(p)).toBe(qos)
    expect(containerResources(p, p.spec.containers[0] ?? { name: '' }, 8 * 2 ** 30).oomScoreAdj).toBe(oom)
  })

  it('turns requests and limits into cgroup numbers', () => {
    const p = pod({ resources: { requests: { cpu: '250m' }, limits: { cpu: '1500m', memory: '64Mi' } } })
    expect(containerResources(p, p.spec.containers[0] ?? { name: '' }, 2 ** 33)).toMatchObject({
      cpuShares: 256,
      cpuQuota: 150_000,
      memoryLimit: 64 * 2 ** 20,
    })
    expect(podCgroupResources(p)).toEqual({ cpuShares: 256, cpuQuota: 150_000, memoryLimit: 64 * 2 ** 20 })
  })
})

describe('security', () => {
  const image = (more: object) => ({ id: 'x', repoTags: [], repoDigests: [], sizeBytes: 0, ...more })
  const container = { name: 'c', securityContext: { runAsNonRoot: true } }
  it.each([
    [image({}), container, 'container has runAsNonRoot and image will run as root (pod: "web_prod(u1)", container: c)'],
    [image({ uid: 0 }), container, 'image will run as root'],
    [image({ username: 'joe' }), container, 'image has non-numeric user (joe), cannot verify user is non-root'],
    [
      image({}),
      { name: 'c', securityContext: { runAsNonRoot: true, runAsUser: 0 } },
      "container's runAsUser breaks non-root policy",
    ],
  ])('%j', (info, c, message) => {
    expect(() => verifyNonRoot(pod(), c, info)).toThrow(message)
  })

  it('accepts numeric users', () => {
    expect(() => verifyNonRoot(pod(), container, image({ uid: 7 }))).not.toThrow()
  })
})

describe('configurations', () => {
  it('describes a container', async () => {
    const p = pod(
      {
        command: ['run', '$(A)'],
        args: ['$$(A)'],
        volumeMounts: [
          { name: 'v', mountPath: '/v', readOnly: true },
          { name: 'v', mountPath: '/sub', subPathExpr: 'x/$(A)' },
        ],
      },
      { securityContext: { runAsUser: 5, fsGroup: 9, seccompProfile: { type: 'RuntimeDefault' } } },
    )
    const config = await containerConfig({
      pod: p,
      container: p.spec.containers[0] ?? { name: '' },
      restartCount: 2,
      imageRef: 'i:latest',
      imageInfo: undefined,
      env: new Map([['A', '1']]),
      volumes: new Map([['v', { path: '/vols/v', readOnly: false }]]),
      hostsPath: '/hosts',
      terminationLog: '/term',
      nodeMemory: 2 ** 33,
      targetId: undefined,
      seccompRoot: '/seccomp',
      subPath: async (volume, sub) => `${volume}/${sub}`,
    })
    expect(config).toMatchObject({
      attempt: 2,
      command: ['run', '1'],
      args: ['$(A)'],
      logPath: 'c/2.log',
      annotations: { 'io.kubernetes.container.restartCount': '2' },
      security: { runAsUser: 5, supplementalGroups: [9], seccomp: 'RuntimeDefault' },
    })
    expect(config.mounts.map((m) => `${m.hostPath}:${m.containerPath}:${m.readOnly ? 'ro' : 'rw'}`)).toEqual([
      '/vols/v:/v:ro',
      '/vols/v/x/1:/sub:rw',
      '/hosts:/etc/hosts:rw',
      '/term:/dev/termination-log:rw',
    ])
  })

  it('describes a sandbox', () => {
    const p = pod(
      { ports: [{ containerPort: 80, hostPort: 8080 }, { containerPort: 81 }], securityContext: { privileged: true } },
      { shareProcessNamespace: true, securityContext: { sysctls: [{ name: 'a.b', value: '1' }] } },
    )
    const dns = { servers: [], searches: [], options: [] }
    const settings = { attempt: 1, logDirectory: '/l', dns, clusterDomain: 'd', cgroupParent: '/c', runtimeHandler: '' }
    expect(sandboxConfig(p, settings)).toMatchObject({
      pod: { name: 'web', namespace: 'prod', uid: 'u1', attempt: 1 },
      hostname: 'web',
      portMappings: [{ protocol: 'TCP', containerPort: 80, hostPort: 8080, hostIP: '' }],
      privileged: true,
      namespaces: { shareProcessNamespace: true },
      sysctls: { 'a.b': '1' },
      labels: { app: 'web', 'io.kubernetes.pod.uid': 'u1' },
    })
  })
})

describe('back-off', () => {
  it('doubles to its limit and forgets after a quiet time', () => {
    const backoff = new Backoff({ initial: 10, max: 40 })
    expect(backoff.remaining('k', 0, 0)).toBe(0)
    backoff.next('k', 0)
    expect(backoff.remaining('k', 5, 7)).toBe(8)
    backoff.next('k', 20)
    expect(backoff.delay('k')).toBe(20)
    backoff.next('k', 50)
    backoff.next('k', 100)
    expect(backoff.delay('k')).toBe(40)
    expect(backoff.remaining('k', 300, 300)).toBe(0)
    backoff.next('k', 300)
    expect(backoff.delay('k')).toBe(10)
  })
})
