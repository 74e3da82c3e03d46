// Admission plugins that run only where they are asked for. Rules: k8s.io/kubernetes/plugin/pkg/admission.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readApiServerSettings } from '../../src/main/api-server-settings.ts'
import { startTestServer, type TestServer } from '../../src/main/testing.ts'
import { type Call, callerOf } from './access-support.ts'

/** Of `CN=x`, with a key that nobody has. */
const REQUEST = [
  '-----BEGIN CERTIFICATE REQUEST-----',
  'MIHGMG4CAQAwDDEKMAgGA1UEAwwBeDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA',
  'BLdGbvucO4g4q5kCOkip29Jq2gDN2D4HIDk8g8//EA0yqYAbSr1d7n0F1p8lFRE1',
  'NcTYyMqtajwbWQMgeFSxnBCgADAKBggqhkjOPQQDAgNIADBFAiAgO1GQqP37LPK0',
  'QlP5uvN0nFLAAZ/TPt2r7C8E3nxiNQIhAOb93ea6CQovGya1QsCuAJ504TnQY9ai',
  'oFRkbtv05R7F',
  '-----END CERTIFICATE REQUEST-----',
].join('\n')

const directory = mkdtempSync(join(tmpdir(), 'admission-plugins-'))
afterAll(() => rmSync(directory, { recursive: true }))

const file = (name: string, content: object) => {
  writeFileSync(join(directory, name), JSON.stringify(content))
  return join(directory, name)
}
const configuration = (name: string, plugins: object) =>
  file(name, {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AdmissionConfiguration',
    plugins: Object.entries(plugins).map(([plugin, its]) => ({ name: plugin, configuration: its })),
  })
const limits = (...given: object[]) => ({
  apiVersion: 'eventratelimit.admission.k8s.io/v1alpha1',
  kind: 'Configuration',
  limits: given,
})

describe('flags about plugins', () => {
  const refused: readonly (readonly [flags: Record<string, string>, why: string])[] = [
    [{ 'enable-admission-plugins': 'Foo' }, 'enable-admission-plugins plugin "Foo" is unknown'],
    [{ 'disable-admission-plugins': 'Foo,Bar' }, 'disable-admission-plugins plugin "Foo" is unknown'],
    [{ 'admission-control': 'Foo' }, 'admission-control plugin "Foo" is unknown'],
    [
      { 'enable-admission-plugins': 'AlwaysAdmit,LimitRanger', 'disable-admission-plugins': 'LimitRanger,AlwaysAdmit' },
      '[AlwaysAdmit LimitRanger] in enable-admission-plugins and disable-admission-plugins overlapped',
    ],
    [
      { 'admission-control': 'LimitRanger', 'enable-admission-plugins': 'AlwaysAdmit' },
      'admission-control and enable-admission-plugins/disable-admission-plugins flags are mutually exclusive',
    ],
    [
      { 'enable-admission-plugins': 'EventRateLimit' },
      'failed to initialize admission: couldn\'t init admission plugin "EventRateLimit": limits: Invalid value: null: must not be empty',
    ],
    [{ 'default-not-ready-toleration-seconds': 'x' }, 'default-not-ready-toleration-seconds'],
  ]
  it.each(refused)('%o: %s', (flags, why) => {
    expect(() => readApiServerSettings(flags)).toThrow(why)
  })

  const wrongLimits: readonly (readonly [limit: object, why: string])[] = [
    [
      { type: 'Foo', qps: 1, burst: 1 },
      'limits[0].type: Unsupported value: "Foo": supported values: "Namespace", "Server", "SourceAndObject", "User"',
    ],
    [{ type: 'Server', qps: 0, burst: 1 }, 'limits[0].qps: Invalid value: 0: must be positive'],
    [{ type: 'Server', qps: 1 }, 'limits[0].burst: Invalid value: 0: must be positive'],
    [{ type: 'User', qps: 1, burst: 1, cacheSize: -1 }, 'limits[0].cacheSize: Invalid value: -1: must not be negative'],
  ]
  it.each(wrongLimits)('limits of events: %o: %s', (limit, why) => {
    const path = configuration('wrong.json', { EventRateLimit: limits(limit) })
    expect(() => readApiServerSettings({ 'admission-control-config-file': path })).toThrow(why)
  })
})

const CORE = '/api/v1/namespaces/default'
const container = { name: 'c', image: 'i' }
const pod = (name: string, spec: object = {}) => ({ metadata: { name }, spec: { containers: [container], ...spec } })

interface Step {
  readonly path: string
  readonly as?: 'jane'
  readonly method?: string
  readonly body?: object
  readonly code: number
  readonly answer?: object
}

const MERGE = { 'content-type': 'application/merge-patch+json' }

async function walk(calls: Record<string, Call>, steps: readonly Step[]): Promise<void> {
  for (const { path, as, method, body, code, answer } of steps) {
    const headers = method === 'PATCH' ? { headers: MERGE } : {}
    const got = await (calls[as ?? 'admin'] as Call)(path, {
      ...(method ? { method } : {}),
      ...(body ? { body } : {}),
      ...headers,
    })
    expect([path, got.code, got.code === code ? '' : got.text]).toEqual([path, code, ''])
    if (answer) expect(got.body).toMatchObject(answer)
  }
}

const says = (message: string) => ({ message })
const annotate = (annotations: object): Step => ({
  ...{ path: '/api/v1/namespaces/default', method: 'PATCH', code: 200 },
  body: { metadata: { annotations } },
})

describe('plugins that are asked for', () => {
  let server: TestServer
  let calls: Record<string, Call>

  beforeAll(async () => {
    const path = configuration('plugins.json', {
      EventRateLimit: limits({ type: 'Namespace', qps: 1, burst: 1 }, { type: 'Server', qps: 100, burst: 100 }),
      PodNodeSelector: {
        podNodeSelectorPluginConfig: { clusterDefaultNodeSelector: 'pool=all', walled: 'pool=all,zone=a' },
      },
      PodTolerationRestriction: {
        apiVersion: 'podtolerationrestriction.admission.k8s.io/v1alpha1',
        kind: 'Configuration',
        default: [{ key: 'usual', operator: 'Exists' }],
      },
    })
    const plugins = [
      ...['NodeRestriction', 'AlwaysAdmit', 'AlwaysPullImages', 'DenyServiceExternalIPs', 'EventRateLimit'],
      ...['ExtendedResourceToleration', 'LimitPodHardAntiAffinityTopology', 'NamespaceAutoProvision'],
      ...['NamespaceExists', 'OwnerReferencesPermissionEnforcement', 'PodNodeSelector', 'PodTolerationRestriction'],
    ]
    server = await startTestServer({
      legacyApis: false,
      flags: {
        'enable-admission-plugins': plugins.join(),
        'disable-admission-plugins': 'LimitRanger',
        'admission-control-config-file': path,
        'default-not-ready-toleration-seconds': '5',
      },
    })
    calls = {
      admin: await callerOf(server, { name: 'admin', groups: ['system:masters'] }),
      jane: await callerOf(server, { name: 'jane' }),
    }
  })
  afterAll(() => server.close())

  const RBAC = '/apis/rbac.authorization.k8s.io/v1'
  const owned = (name: string, blocks: boolean, kind = 'Pod', apiVersion = 'v1') => ({
    metadata: { name, ownerReferences: [{ apiVersion, kind, name: 'o', uid: 'u', blockOwnerDeletion: blocks }] },
  })
  const event = (name: string) => ({
    metadata: { name },
    involvedObject: { kind: 'Pod', namespace: 'default', name: 'p' },
    reason: 'r',
    type: 'Normal',
  })
  const table: readonly (readonly [title: string, steps: readonly Step[]])[] = [
    [
      'images are pulled always (AlwaysPullImages), nodes are selected (PodNodeSelector), taints tolerated',
      [
        {
          path: `${CORE}/pods`,
          body: pod('p', {
            containers: [{ ...container, image: 'i:1', imagePullPolicy: 'Never' }],
            volumes: [{ name: 'v', image: { reference: 'r', pullPolicy: 'IfNotPresent' } }],
          }),
          code: 201,
          answer: {
            spec: {
              containers: [{ imagePullPolicy: 'Always' }],
              volumes: [{ image: { pullPolicy: 'Always' } }, {}],
              nodeSelector: { pool: 'all' },
              tolerations: [
                { key: 'node.kubernetes.io/not-ready', tolerationSeconds: 5 },
                { key: 'node.kubernetes.io/unreachable', tolerationSeconds: 300 },
                { key: 'usual', operator: 'Exists' },
              ],
            },
          },
        },
      ],
    ],
    [
      'pods that want something have to wait for memory no more (PodTolerationRestriction)',
      [
        {
          path: `${CORE}/pods?dryRun=All`,
          body: pod('q', {
            containers: [
              {
                ...container,
                resources: { requests: { cpu: '1', 'example.com/gpu': '1' }, limits: { 'example.com/gpu': '1' } },
              },
            ],
          }),
          code: 201,
          answer: {
            spec: {
              tolerations: [
                { key: 'node.kubernetes.io/not-ready' },
                { key: 'node.kubernetes.io/unreachable' },
                { key: 'usual' },
                { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
                { key: 'example.com/gpu', operator: 'Exists', effect: 'NoSchedule' },
              ],
            },
          },
        },
      ],
    ],
    [
      'what a namespace says of nodes and taints comes first',
      [
        annotate({
          'scheduler.alpha.kubernetes.io/node-selector': 'pool=own',
          'scheduler.alpha.kubernetes.io/defaultTolerations': '[{"key":"own","operator":"Exists"}]',
        }),
        {
          path: `${CORE}/pods?dryRun=All`,
          body: pod('own'),
          code: 201,
          answer: {
            spec: { nodeSelector: { pool: 'own' }, tolerations: [{}, {}, { key: 'own', operator: 'Exists' }] },
          },
        },
        {
          path: `${CORE}/pods?dryRun=All`,
          body: pod('other', { nodeSelector: { pool: 'other' } }),
          code: 403,
          answer: says(
            'pods "other" is forbidden: pod node label selector conflicts with its namespace node label selector',
          ),
        },
        annotate({ 'scheduler.alpha.kubernetes.io/tolerationsWhitelist': '[{"key":"own","operator":"Exists"}]' }),
        {
          path: `${CORE}/pods?dryRun=All`,
          body: pod('other'),
          code: 500,
          answer: says(
            'pod tolerations (possibly merged with namespace default tolerations) conflict with its namespace whitelist',
          ),
        },
        annotate({ 'scheduler.alpha.kubernetes.io/node-selector': 'a=b=c' }),
        { path: `${CORE}/pods?dryRun=All`, body: pod('other'), code: 500, answer: says('invalid selector: [a b c]') },
        annotate({ 'scheduler.alpha.kubernetes.io/node-selector': 'a b=c' }),
        { path: `${CORE}/pods?dryRun=All`, body: pod('other'), code: 500 },
        annotate({
          'scheduler.alpha.kubernetes.io/node-selector': null,
          'scheduler.alpha.kubernetes.io/defaultTolerations': null,
          'scheduler.alpha.kubernetes.io/tolerationsWhitelist': null,
        }),
      ],
    ],
    [
      'a namespace is made when it is needed (NamespaceAutoProvision), with the nodes that are meant for it',
      [
        { path: '/api/v1/namespaces/walled/configmaps', body: { metadata: { name: 'c' } }, code: 201 },
        { path: '/api/v1/namespaces/walled', code: 200, answer: { spec: { finalizers: ['kubernetes'] } } },
        { path: '/api/v1/namespaces/walled/serviceaccounts', body: { metadata: { name: 'default' } }, code: 201 },
        {
          path: '/api/v1/namespaces/walled/pods?dryRun=All',
          body: pod('w', { nodeSelector: { disk: 'ssd' } }),
          code: 403,
          answer: says('pods "w" is forbidden: pod node label selector labels conflict with its namespace whitelist'),
        },
        {
          path: '/api/v1/namespaces/walled/pods?dryRun=All',
          body: pod('w', { nodeSelector: { zone: 'a' } }),
          code: 201,
        },
        {
          path: '/api/v1/namespaces/tried/configmaps?dryRun=All',
          body: { metadata: { name: 'c' } },
          code: 404,
          answer: says('namespaces "tried" not found'),
        },
        {
          path: '/api/v1/namespaces/gone/configmaps/c',
          method: 'DELETE',
          code: 404,
          answer: says('configmaps "c" not found'),
        },
      ],
    ],
    [
      'services get no external addresses (DenyServiceExternalIPs)',
      [
        {
          path: `${CORE}/services`,
          body: { metadata: { name: 's' }, spec: { ports: [{ port: 1 }], externalIPs: ['1.2.3.4'] } },
          code: 403,
          answer: says('services "s" is forbidden: Use of external IPs is denied by admission control'),
        },
        { path: `${CORE}/services`, body: { metadata: { name: 's' }, spec: { ports: [{ port: 1 }] } }, code: 201 },
        {
          path: `${CORE}/services/s`,
          method: 'PATCH',
          body: { spec: { externalIPs: ['1.2.3.4'] } },
          code: 403,
          answer: says('services "s" is forbidden: Use of external IPs is denied by admission control'),
        },
      ],
    ],
    [
      'pods keep others away from nodes at most (LimitPodHardAntiAffinityTopology)',
      [
        {
          path: `${CORE}/pods?dryRun=All`,
          body: pod('alone', {
            affinity: {
              podAntiAffinity: {
                requiredDuringSchedulingIgnoredDuringExecution: [
                  { topologyKey: 'kubernetes.io/hostname', labelSelector: {} },
                  { topologyKey: 'zone', labelSelector: {} },
                ],
              },
            },
          }),
          code: 403,
          answer: says(
            'pods "alone" is forbidden: affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey zone but only key kubernetes.io/hostname is allowed',
          ),
        },
      ],
    ],
    [
      'owners are named by those who may (OwnerReferencesPermissionEnforcement)',
      [
        {
          path: `${RBAC}/clusterroles`,
          body: {
            metadata: { name: 'maps' },
            rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'create', 'update', 'patch'] }],
          },
          code: 201,
        },
        {
          path: `${RBAC}/clusterrolebindings`,
          body: {
            metadata: { name: 'maps' },
            roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'maps' },
            subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'jane' }],
          },
          code: 201,
        },
        { path: `${CORE}/configmaps`, as: 'jane', body: owned('owned', false), code: 201 },
        {
          path: `${CORE}/configmaps`,
          as: 'jane',
          body: owned('blocking', true),
          code: 403,
          answer: says(
            'configmaps "blocking" is forbidden: cannot set blockOwnerDeletion if an ownerReference refers to a resource you can\'t set finalizers on: , <nil>',
          ),
        },
        {
          path: `${CORE}/configmaps`,
          as: 'jane',
          body: owned('blocking', true, 'Thing'),
          code: 403,
          answer: says(
            'configmaps "blocking" is forbidden: cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion v1 Kind Thing: no matches for kind "Thing" in version "v1"',
          ),
        },
        {
          path: `${CORE}/configmaps/owned`,
          as: 'jane',
          method: 'PATCH',
          body: { metadata: { ownerReferences: null } },
          code: 403,
          answer: says(
            'configmaps "owned" is forbidden: cannot set an ownerRef on a resource you can\'t delete: , <nil>',
          ),
        },
        { path: `${CORE}/configmaps/owned`, as: 'jane', method: 'PATCH', body: { data: { a: 'b' } }, code: 200 },
        { path: `${CORE}/configmaps`, body: owned('blocking', true), code: 201 },
      ],
    ],
    [
      'too many events are refused (EventRateLimit)',
      [
        { path: `${CORE}/events`, body: event('one'), code: 201 },
        {
          path: `${CORE}/events`,
          body: event('two'),
          code: 429,
          answer: {
            reason: 'TooManyRequests',
            message: 'Too many requests: limit reached on type Namespace for key default',
          },
        },
        { path: `${CORE}/events?dryRun=All`, body: event('three'), code: 201 },
      ],
    ],
    [
      'plugins that are turned off do nothing',
      [
        {
          path: `${CORE}/limitranges`,
          body: { metadata: { name: 'l' }, spec: { limits: [{ type: 'Container', default: { cpu: '1' } }] } },
          code: 201,
        },
        {
          path: `${CORE}/pods?dryRun=All`,
          body: pod('unlimited'),
          code: 201,
          answer: { spec: { containers: [{ resources: {} }] } },
        },
      ],
    ],
  ]
  it.each(table)('%s', (_title, steps) => walk(calls, steps))
})

describe('certificates', () => {
  const CERTIFICATES = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
  it('are signed, and their requests failed, by those who may sign (CertificateSigning)', async () => {
    const server = await startTestServer({ legacyApis: false })
    try {
      const admin = await callerOf(server, { name: 'admin', groups: ['system:masters'] })
      const jane = await callerOf(server, { name: 'jane' })
      const rules = [
        { apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests/status'], verbs: ['*'] },
      ]
      const rbac = '/apis/rbac.authorization.k8s.io/v1'
      await admin(`${rbac}/clusterroles`, { body: { metadata: { name: 'status' }, rules } })
      await admin(`${rbac}/clusterrolebindings`, {
        body: {
          metadata: { name: 'status' },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'status' },
          subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'jane' }],
        },
      })
      const request = Buffer.from(REQUEST).toString('base64')
      const made = await admin(CERTIFICATES, {
        body: { metadata: { name: 'r' }, spec: { request, signerName: 'example.com/s', usages: ['client auth'] } },
      })
      expect(made.code).toBe(201)
      const failed = { type: 'Failed', status: 'True', reason: 'Why', message: 'm' }
      const path = `${CERTIFICATES}/r/status`
      const answer = await jane(path, { method: 'PATCH', headers: MERGE, body: { status: { conditions: [failed] } } })
      expect([answer.code, answer.body.message]).toEqual([
        403,
        'certificatesigningrequests.certificates.k8s.io "r" is forbidden: user not permitted to sign requests with signerName "example.com/s"',
      ])
    } finally {
      await server.close()
    }
  })
})
