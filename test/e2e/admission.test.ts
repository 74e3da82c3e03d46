// Stock kubectl with Pod Security Standards, webhooks and policies: what it shows of warnings and denials.

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startHooks, type TestHooks } from '../../src/apiserver/admission/webhooks/testing.ts'
import { CertificateAuthority, type KeyPair } from '../../src/main/certificates.ts'
import { startTestServer, type TestServer } from '../../src/main/testing.ts'
import { canRunContainers, startCluster, type TestCluster } from './support/cluster.ts'
import { type KubectlVersion, kubectlOf } from './support/kubectl.ts'
import { eventually } from './support/wait.ts'

const POLICY = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: few}
spec:
  matchConstraints:
    resourceRules:
    - {apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}
  validations:
  - expression: object.spec.replicas <= 3
    messageExpression: "'at most 3 replicas, not ' + string(object.spec.replicas)"
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: few}
spec: {policyName: few, validationActions: [Deny]}
`

const webhook = ({ url, caBundle }: TestHooks) => `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: maps}
webhooks:
- name: maps.example.com
  clientConfig: {url: '${url}/maps', caBundle: ${caBundle}}
  rules:
  - {apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}
  sideEffects: None
  admissionReviewVersions: [v1]
`

describe.each(['v28', 'v35'] as const)('kubectl %s', (version: KubectlVersion) => {
  let server: TestServer
  let hooks: TestHooks

  const kubectl = (args: string[], input = '') =>
    new Promise<{ code: number; out: string; err: string }>((resolve) => {
      const child = execFile(kubectlOf(version), ['--kubeconfig', server.kubeconfigPath, ...args], (error, out, err) =>
        resolve({ code: error ? 1 : 0, out, err }),
      )
      child.stdin?.end(input)
    })

  beforeAll(async () => {
    server = await startTestServer()
    hooks = await startHooks(server)
  })
  afterAll(async () => {
    await server.close()
    await hooks.close()
  })

  it('shows what a level of the Pod Security Standards forbids', async () => {
    await kubectl(['create', 'namespace', 'team'])
    await kubectl(['create', 'serviceaccount', 'default', '-n', 'team'])
    const pod = (name: string) => ['run', name, '--image=x', '-n', 'team', '--overrides={"spec":{"hostPID":true}}']
    expect((await kubectl(pod('before'))).code).toBe(0)
    const labelled = await kubectl([
      'label',
      'ns',
      'team',
      '--overwrite',
      'pod-security.kubernetes.io/enforce=baseline',
    ])
    expect(labelled.code).toBe(0)
    expect(labelled.err).toContain(
      'Warning: existing pods in namespace "team" violate the new PodSecurity enforce level "baseline:latest"',
    )
    expect(labelled.err).toContain('Warning: before: host namespaces')
    const refused = await kubectl(pod('after'))
    expect(refused.err).toBe(
      'Error from server (Forbidden): pods "after" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostPID=true)\n',
    )
    const wrong = await kubectl(['label', 'ns', 'team', '--overwrite', 'pod-security.kubernetes.io/enforce=none'])
    expect(wrong.err).toContain('must be one of privileged, baseline, restricted')
  })

  it('shows what webhooks say', async () => {
    expect((await kubectl(['apply', '-f', '-'], webhook(hooks))).err).toBe('')
    hooks.answers.set('/maps', ({ name }) =>
      name === 'bad' ? { allowed: false, status: { message: 'bad name' } } : { allowed: true, warnings: ['watch out'] },
    )
    const warned = await kubectl(['create', 'configmap', 'good'])
    expect([warned.code, warned.err]).toEqual([0, 'Warning: watch out\n'])
    const refused = await kubectl(['create', 'configmap', 'bad'])
    expect(refused.err).toContain('admission webhook "maps.example.com" denied the request: bad name')
    await kubectl(['delete', 'validatingwebhookconfiguration', 'maps'])
  })

  it('shows what policies say', async () => {
    expect((await kubectl(['apply', '-f', '-'], POLICY)).err).toBe('')
    expect((await kubectl(['create', 'deployment', 'web', '--image=x', '--replicas=2'])).code).toBe(0)
    const refused = await kubectl(['create', 'deployment', 'many', '--image=x', '--replicas=5'])
    expect(refused.err).toContain(
      `deployments.apps "many" is forbidden: ValidatingAdmissionPolicy 'few' with binding 'few' denied request: at most 3 replicas, not 5`,
    )
    expect((await kubectl(['get', 'validatingadmissionpolicies'])).out).toMatch(/few +1 +<unset>/)
  })
})

const NODE = 'node:1'
/** A webhook: it refuses what is called bad, and says how it was asked. */
const GUARD = `
const { readFileSync } = require('node:fs')
const tls = { cert: readFileSync('/guard/tls.crt'), key: readFileSync('/guard/tls.key') }
require('node:https').createServer(tls, (request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    if (request.method !== 'POST') return response.end('ok')
    const { apiVersion, kind, request: { uid, name } } = JSON.parse(Buffer.concat(chunks))
    const allowed = name !== 'bad'
    const warnings = ['asked at ' + request.headers.host + request.url]
    response.end(JSON.stringify({ apiVersion, kind, response: { uid, allowed, warnings, status: { message: 'bad name' } } }))
  })
}).listen(9443)
`

describe.skipIf(!canRunContainers)('a webhook behind a service', () => {
  const directory = mkdtempSync(join(tmpdir(), 'guard-'))
  let cluster: TestCluster
  let authority: CertificateAuthority

  const apply = async (...items: object[]) => {
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
    const { code, stderr } = await cluster.tryKubectl(['apply', '-f', '-'], { input })
    if (code !== 0) throw new Error(stderr)
  }
  const create = (name: string) => cluster.tryKubectl(['create', 'configmap', name, '--dry-run=server'])
  const secretOf = ({ cert, key }: KeyPair) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'guard' },
    type: 'kubernetes.io/tls',
    stringData: { 'tls.crt': cert, 'tls.key': key },
  })
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'guard' },
    spec: {
      selector: { matchLabels: { app: 'guard' } },
      template: {
        metadata: { labels: { app: 'guard' } },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [
            {
              name: 'guard',
              image: NODE,
              imagePullPolicy: 'IfNotPresent',
              command: [process.execPath, '-e', GUARD],
              ports: [{ name: 'https', containerPort: 9443 }],
              readinessProbe: { httpGet: { path: '/', port: 'https', scheme: 'HTTPS' }, periodSeconds: 1 },
              volumeMounts: [{ name: 'tls', mountPath: '/guard' }],
            },
          ],
          volumes: [{ name: 'tls', secret: { secretName: 'guard' } }],
        },
      },
    },
  }
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'guard' },
    spec: { selector: { app: 'guard' }, ports: [{ port: 8443, targetPort: 'https' }] },
  }
  const configuration = (options: { ca?: string; name?: string; port?: number; failurePolicy?: string } = {}) => ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'guard' },
    webhooks: [
      {
        name: 'guard.example.com',
        clientConfig: {
          service: { namespace: 'default', name: options.name ?? 'guard', port: options.port ?? 8443, path: '/maps' },
          caBundle: Buffer.from(options.ca ?? authority.certificate).toString('base64'),
        },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'default' } },
        failurePolicy: options.failurePolicy ?? 'Fail',
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ],
  })
  const CALL = 'failed calling webhook "guard.example.com": failed to call webhook'
  const POST = `${CALL}: Post "https://guard.default.svc:8443/maps?timeout=10s"`

  beforeAll(async () => {
    cluster = await startCluster()
    const { code, stderr } = await cluster.sampan('image', 'from-host', '-t', NODE, process.execPath)
    if (code !== 0) throw new Error(stderr)
    authority = await CertificateAuthority.open({ dir: directory, name: 'guards', now: () => Date.now() })
    const certificate = await authority.sign({
      commonName: 'guard',
      organizations: [],
      usage: 'server',
      dnsNames: ['guard.default.svc'],
    })
    await apply(secretOf(certificate), deployment, service)
    await cluster.kubectl('rollout', 'status', 'deployment/guard', '--timeout=120s')
    await apply(configuration())
  })
  afterAll(async () => {
    await cluster?.remove()
    rmSync(directory, { recursive: true })
  })

  it('is asked by its name, at its port and path', async () => {
    const asked = 'Warning: asked at guard.default.svc:8443/maps?timeout=10s\n'
    // The service's rules take a moment to be everywhere.
    await eventually('an answer', async () => ((await create('good')).code === 0 ? true : undefined))
    const good = await create('good')
    expect([good.code, good.stderr]).toEqual([0, asked])
    const bad = await create('bad')
    expect(bad.stderr).toContain('admission webhook "guard.example.com" denied the request: bad name')
  })

  it('is believed only with a certificate of the authority that is named', async () => {
    const stranger = await CertificateAuthority.open({ dir: directory, name: 'strangers', now: () => Date.now() })
    await apply(configuration({ ca: stranger.certificate }))
    await eventually('the new authority', async () => ((await create('good')).code === 0 ? undefined : true))
    expect((await create('good')).stderr).toContain(
      `${POST}: tls: failed to verify certificate: x509: certificate signed by unknown authority`,
    )
  })

  it('must be there, under the port that is named', async () => {
    await apply(configuration({ name: 'nobody' }))
    await eventually('a service that is not there', async () =>
      (await create('good')).stderr.includes(
        `${CALL}: Post "https://nobody.default.svc:8443/maps?timeout=10s": service "nobody" not found`,
      )
        ? true
        : undefined,
    )
    await apply(configuration({ port: 1 }))
    await eventually('a port that is not there', async () =>
      (await create('good')).stderr.includes('no service port 1 found for service "guard"') ? true : undefined,
    )
  })

  it('lets nothing pass when its pods are gone, unless failures are to be ignored', async () => {
    await apply(configuration())
    await eventually('the webhook', async () => ((await create('good')).code === 0 ? true : undefined))
    await cluster.kubectl('scale', 'deployment/guard', '--replicas=0')
    const refused = await eventually('a failure', async () => {
      const { code, stderr } = await create('good')
      return code === 0 ? undefined : stderr
    })
    expect(refused).toContain('Internal error occurred')
    expect(refused).toContain(POST)
    expect((await cluster.tryKubectl(['create', 'configmap', 'elsewhere', '-n', 'kube-public'])).code).toBe(0)
    await apply(configuration({ failurePolicy: 'Ignore' }))
    await eventually('the other policy', async () => ((await create('good')).code === 0 ? true : undefined))
    await cluster.kubectl('scale', 'deployment/guard', '--replicas=1')
    await cluster.kubectl('rollout', 'status', 'deployment/guard', '--timeout=120s')
    await eventually('the webhook again', async () =>
      (await create('good')).stderr.includes('Warning: asked at guard.default.svc:8443') ? true : undefined,
    )
  })
})
