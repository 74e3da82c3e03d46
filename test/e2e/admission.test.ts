// Stock kubectl with Pod Security Standards, webhooks and policies: what it shows of warnings and denials.

import { execFile } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startHooks, type TestHooks } from '../../src/apiserver/admission/webhooks/testing.ts'
import { startTestServer, type TestServer } from '../../src/main/testing.ts'
import { type KubectlVersion, kubectlOf } from './support/kubectl.ts'

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
