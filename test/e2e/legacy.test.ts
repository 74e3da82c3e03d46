// Stock kubectl with manifests of retired API versions.

import { execFile } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestServer, type TestServer } from '../../src/main/testing.ts'
import { kubectlOf, kubectlVersions } from './support/kubectl.ts'

const MANIFEST = `
apiVersion: extensions/v1beta1
kind: Deployment
metadata:
  name: old
spec:
  replicas: 2
  template:
    metadata:
      labels:
        app: old
    spec:
      containers:
      - name: web
        image: nginx
---
apiVersion: extensions/v1beta1
kind: Ingress
metadata:
  name: old
spec:
  rules:
  - http:
      paths:
      - path: /
        pathType: Prefix
        backend:
          serviceName: old
          servicePort: 80
---
apiVersion: apps/v1beta1
kind: StatefulSet
metadata:
  name: old
spec:
  serviceName: old
  template:
    metadata:
      labels:
        app: old-set
    spec:
      containers:
      - name: web
        image: nginx
`

describe.each(kubectlVersions)('kubectl %s with retired versions', (version) => {
  let server: TestServer
  // The server runs in this process, so kubectl must not be waited for synchronously.
  const kubectl = (args: string[], input = '') =>
    new Promise<string>((resolve, reject) => {
      const cache = `${server.kubeconfigPath}-cache`
      const all = ['--kubeconfig', server.kubeconfigPath, '--cache-dir', cache, ...args]
      const child = execFile(kubectlOf(version), all, { timeout: 30_000 }, (error, stdout, stderr) => {
        if (error) reject(new Error(`kubectl ${args.join(' ')}: ${stderr}`, { cause: error }))
        else resolve(stdout)
      })
      child.stdin?.end(input)
    })
  beforeAll(async () => {
    server = await startTestServer()
  })
  afterAll(() => server.close())

  it('applies, again too', async () => {
    expect(await kubectl(['apply', '-f', '-'], MANIFEST)).toBe(
      'deployment.extensions/old created\ningress.extensions/old created\nstatefulset.apps/old created\n',
    )
    expect(await kubectl(['apply', '-f', '-'], MANIFEST)).toBe(
      'deployment.extensions/old unchanged\ningress.extensions/old unchanged\nstatefulset.apps/old unchanged\n',
    )
    const changed = MANIFEST.replace('replicas: 2', 'replicas: 3')
    expect(await kubectl(['apply', '-f', '-'], changed)).toContain('deployment.extensions/old configured')
  })

  it('gets today’s version by its short name and the old one when asked for', async () => {
    const jsonpath = ['-o', 'jsonpath={.apiVersion} {.spec.replicas}']
    expect(await kubectl(['get', 'deploy', 'old', ...jsonpath])).toBe('apps/v1 3')
    expect(await kubectl(['get', 'deployments.v1beta1.extensions', 'old', ...jsonpath])).toBe('extensions/v1beta1 3')
    expect(await kubectl(['get', 'ingress', 'old', '-o', 'jsonpath={.apiVersion}'])).toBe('networking.k8s.io/v1')
    const backend = '-o=jsonpath={.spec.rules[0].http.paths[0].backend.serviceName}'
    expect(await kubectl(['get', 'ingresses.v1beta1.extensions', 'old', backend])).toBe('old')
  })

  it('explains the old type', async () => {
    const text = await kubectl(['explain', 'ingress.spec.backend', '--api-version=extensions/v1beta1'])
    expect(text).toContain('serviceName')
    expect(await kubectl(['explain', 'deployment.spec', '--api-version=extensions/v1beta1'])).toContain('rollbackTo')
    expect(await kubectl(['explain', 'ingress.spec'])).toContain('defaultBackend')
  })

  it('scales and deletes through the old version', async () => {
    expect(await kubectl(['scale', 'deployments.v1beta1.extensions/old', '--replicas=5'])).toContain('scaled')
    expect(await kubectl(['get', 'deploy', 'old', '-o', 'jsonpath={.spec.replicas}'])).toBe('5')
    expect(await kubectl(['delete', '-f', '-'], MANIFEST)).toContain('deleted')
    expect(await kubectl(['get', 'deploy,ing,sts', '--ignore-not-found'])).toBe('')
  })
})
