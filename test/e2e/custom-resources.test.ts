// Stock kubectl and the official JavaScript client with custom resources such as real projects define.

import { execFile } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestServer, type TestServer } from '../../src/main/testing.ts'
import { type KubectlVersion, kubectlOf } from './support/kubectl.ts'

const DEFINITIONS = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: certificates.trust.example.com
spec:
  group: trust.example.com
  scope: Namespaced
  names:
    kind: Certificate
    plural: certificates
    shortNames: [cert, certs]
    categories: [trust]
  versions:
  - name: v1
    served: true
    storage: true
    subresources:
      status: {}
    additionalPrinterColumns:
    - {name: Ready, type: string, jsonPath: '.status.conditions[?(@.type=="Ready")].status'}
    - {name: Secret, type: string, jsonPath: .spec.secretName}
    - {name: Issuer, type: string, jsonPath: .spec.issuerRef.name, priority: 1}
    - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
    schema:
      openAPIV3Schema:
        description: A certificate that shall be kept valid in a secret.
        type: object
        required: [spec]
        properties:
          apiVersion: {type: string}
          kind: {type: string}
          metadata: {type: object}
          spec:
            description: What the certificate shall be like.
            type: object
            required: [issuerRef, secretName]
            properties:
              secretName: {type: string, description: The secret that the certificate is kept in.}
              duration: {type: string}
              isCA: {type: boolean}
              dnsNames: {type: array, items: {type: string}, x-kubernetes-list-type: atomic}
              usages: {type: array, items: {type: string, enum: [signing, server auth, client auth]}}
              revisionHistoryLimit: {type: integer, format: int32, default: 1, minimum: 1}
              privateKey:
                type: object
                default: {}
                properties:
                  algorithm: {type: string, enum: [RSA, ECDSA], default: RSA}
                  size: {type: integer}
              issuerRef:
                type: object
                required: [name]
                properties:
                  name: {type: string}
                  kind: {type: string, default: Issuer}
          status:
            type: object
            properties:
              notAfter: {type: string, format: date-time}
              conditions:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [type]
                items:
                  type: object
                  required: [type, status]
                  properties:
                    type: {type: string}
                    status: {type: string, enum: ['True', 'False', Unknown]}
                    reason: {type: string}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: routes.gates.example.com
spec:
  group: gates.example.com
  scope: Namespaced
  names: {kind: Route, plural: routes}
  versions:
  - name: v1
    served: true
    storage: true
    subresources:
      status: {}
      scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas, labelSelectorPath: .status.selector}
    schema: &schema
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              replicas: {type: integer, format: int32, default: 1}
              hostnames:
                type: array
                maxItems: 16
                items:
                  type: string
                  minLength: 1
                  pattern: '^(\\*\\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$'
              rules:
                type: array
                items:
                  type: object
                  oneOf:
                  - required: [forward]
                  - required: [redirect]
                  properties:
                    forward: {type: object, properties: {port: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}}}
                    redirect: {type: object, x-kubernetes-preserve-unknown-fields: true}
          status:
            type: object
            properties:
              replicas: {type: integer}
              selector: {type: string}
  - name: v1beta1
    served: true
    storage: false
    deprecated: true
    schema: *schema
`

const CERTIFICATE = `
apiVersion: trust.example.com/v1
kind: Certificate
metadata:
  name: web
spec:
  secretName: web-tls
  dnsNames: [web.example.com]
  issuerRef:
    name: letters
`

const ROUTE = `
apiVersion: gates.example.com/v1
kind: Route
metadata:
  name: front
spec:
  hostnames: [front.example.com]
  rules:
  - forward: {port: http}
  - redirect: {to: elsewhere, code: 301}
`

const versions: readonly KubectlVersion[] = ['v28', 'v35']

describe.each(versions)('kubectl %s with custom resources', (version) => {
  let server: TestServer
  // The server runs in this process, so kubectl must not be waited for synchronously.
  const run = (args: string[], input = '') =>
    new Promise<{ out: string; err: string; code: number }>((resolve) => {
      const cache = `${server.kubeconfigPath}-cache`
      const all = ['--kubeconfig', server.kubeconfigPath, '--cache-dir', cache, ...args]
      const child = execFile(kubectlOf(version), all, (error, out, err) =>
        resolve({ out, err, code: typeof error?.code === 'number' ? error.code : error ? 1 : 0 }),
      )
      child.stdin?.end(input)
    })
  const kubectl = async (args: string[], input = '') => {
    const { out, err, code } = await run(args, input)
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${err}`)
    return out
  }

  beforeAll(async () => {
    server = await startTestServer()
    await kubectl(['apply', '-f', '-'], DEFINITIONS)
    await kubectl(['wait', '--for', 'condition=Established', '--timeout=20s', 'crd', '--all'])
  })
  afterAll(() => server.close())

  it('applies, shows and changes them', async () => {
    expect(await kubectl(['apply', '-f', '-'], CERTIFICATE)).toContain('certificate.trust.example.com/web created')
    expect(await kubectl(['apply', '-f', '-'], CERTIFICATE)).toContain('unchanged')
    const table = await kubectl(['get', 'cert', '-o', 'wide'])
    expect(table).toMatch(/^NAME\s+READY\s+SECRET\s+ISSUER\s+AGE\nweb\s+web-tls\s+letters\s+\d+s\n$/)
    const changed = CERTIFICATE.replace('web-tls', 'other-tls')
    const diff = await run(['diff', '-f', '-'], changed)
    expect(diff.code).toBe(1)
    expect(diff.out).toContain('+  secretName: other-tls')
    expect(await kubectl(['apply', '-f', '-'], changed)).toContain('configured')
    const path = '{.spec.secretName} {.spec.privateKey.algorithm} {.spec.issuerRef.kind} {.metadata.generation}'
    expect(await kubectl(['get', 'certificates', 'web', '-o', `jsonpath=${path}`])).toBe('other-tls RSA Issuer 2')
    await kubectl(['patch', 'cert', 'web', '--type', 'merge', '-p', '{"spec":{"isCA":true}}'])
    await kubectl(['patch', 'cert', 'web', '--type', 'json', '-p', '[{"op":"remove","path":"/spec/isCA"}]'])
    const strategic = await run(['patch', 'cert', 'web', '-p', '{"spec":{"isCA":true}}'])
    expect(strategic.err).toContain(
      'application/strategic-merge-patch+json is not supported by trust.example.com/v1, Kind=Certificate',
    )
    const status = '{"status":{"conditions":[{"type":"Ready","status":"True"}]}}'
    await kubectl(['patch', 'cert', 'web', '--subresource=status', '--type', 'merge', '-p', status])
    await kubectl(['wait', '--for', 'condition=Ready', '--timeout=10s', 'cert/web'])
    expect(await kubectl(['get', 'trust', '-A', '-o', 'name'])).toContain('certificate.trust.example.com/web')
    expect(await kubectl(['describe', 'cert', 'web'])).toMatch(/Secret Name: +other-tls/)
  })

  it('refuses what the schema does not allow', async () => {
    const unknown = await run(['apply', '-f', '-'], CERTIFICATE.replace('dnsNames', 'dnsName'))
    expect(unknown.err).toContain('strict decoding error: unknown field "spec.dnsName"')
    const invalid = await run(['create', '-f', '-'], ROUTE.replace('port: http}', 'port: http}\n    redirect: {}'))
    expect(invalid.err).toContain(
      '"spec.rules[0]" must validate one and only one schema (oneOf). Found 2 valid alternatives',
    )
    expect(invalid.err).toContain('The Route "front" is invalid')
  })

  it('explains them', async () => {
    expect(await kubectl(['explain', 'cert'])).toContain('A certificate that shall be kept valid in a secret.')
    const field = await kubectl(['explain', 'cert.spec.secretName'])
    expect(field).toContain('The secret that the certificate is kept in.')
    expect(await kubectl(['explain', 'route.spec.rules.forward'])).toContain('port')
  })

  it('scales them, in two versions', async () => {
    await kubectl(['create', '-f', '-'], ROUTE)
    await kubectl(['scale', 'route', 'front', '--replicas', '3'])
    expect(await kubectl(['get', 'route', 'front', '-o', 'jsonpath={.spec.replicas}'])).toBe('3')
    const old = await run(['get', 'routes.v1beta1.gates.example.com', 'front', '-o', 'jsonpath={.apiVersion}'])
    expect(old.out).toBe('gates.example.com/v1beta1')
    expect(old.err).toContain('Warning: gates.example.com/v1beta1 Route is deprecated')
    const redirect = await kubectl(['get', 'route', 'front', '-o', 'jsonpath={.spec.rules[1].redirect.code}'])
    expect(redirect).toBe('301')
  })

  it('applies on the server, list by list', async () => {
    const apply = (manager: string, body: string) =>
      kubectl(['apply', '--server-side', '--field-manager', manager, '-f', '-'], body)
    const base = CERTIFICATE.replace('name: web', 'name: shared')
    await apply('one', base)
    const other = await run(
      ['apply', '--server-side', '--field-manager', 'two', '-f', '-'],
      base.replace('web-tls', 'mine'),
    )
    expect(other.err).toContain('.spec.secretName')
  })

  it('takes them away with their definition', async () => {
    await kubectl(['delete', 'crd', 'certificates.trust.example.com', '--timeout=20s'])
    expect((await run(['get', 'cert'])).err).toContain('the server could not find the requested resource')
  })
})
