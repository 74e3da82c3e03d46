import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestServer, type TestServer } from '../../../main/testing.ts'
import { caller } from '../../custom/testing.ts'

const LABEL = 'pod-security.kubernetes.io/'
const spec = (fields: object = {}) => ({ containers: [{ name: 'a', image: 'x' }], ...fields })
const pod = (name: string, fields: object = {}, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, ...metadata },
  spec: spec(fields),
})

describe('PodSecurity over HTTP', () => {
  let server: TestServer
  let call: ReturnType<typeof caller>['call']
  let close: () => void

  const pods = (namespace: string) => `/api/v1/namespaces/${namespace}/pods`
  const namespace = async (name: string, labels: Record<string, string>) => {
    const answer = await call({
      path: '/api/v1/namespaces',
      body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } },
    })
    if (answer.code !== 201) return answer
    await call({
      path: `/api/v1/namespaces/${name}/serviceaccounts`,
      body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } },
    })
    return answer
  }
  const label = (name: string, labels: Record<string, string | null>) =>
    call({
      method: 'PATCH',
      path: `/api/v1/namespaces/${name}`,
      type: 'application/merge-patch+json',
      body: { metadata: { labels } },
    })

  beforeAll(async () => {
    server = await startTestServer()
    ;({ call, close } = caller(server))
  })
  afterAll(async () => {
    close()
    await server.close()
  })

  it('refuses pods, and warns about templates of them', async () => {
    await namespace('strict', { [`${LABEL}enforce`]: 'baseline' })
    const refused = await call({ path: pods('strict'), body: pod('p', { hostPID: true }) })
    expect(refused.code).toBe(403)
    expect(refused.body.message).toBe(
      'pods "p" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostPID=true)',
    )
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'd' },
      spec: {
        selector: { matchLabels: { a: 'b' } },
        template: { metadata: { labels: { a: 'b' } }, spec: spec({ hostPID: true }) },
      },
    }
    const warned = await call({ path: '/apis/apps/v1/namespaces/strict/deployments', body: deployment })
    expect(warned.code).toBe(201)
    expect(warned.warnings).toBe(
      '299 - "would violate PodSecurity \\"baseline:latest\\": host namespaces (hostPID=true)"',
    )
    expect((await call({ path: pods('strict'), body: pod('p') })).code).toBe(201)
  })

  it('warns only, where that is what the namespace asks for', async () => {
    await namespace('soft', { [`${LABEL}warn`]: 'baseline', [`${LABEL}warn-version`]: 'v1.30' })
    const answer = await call({ path: pods('soft'), body: pod('p', { hostIPC: true }) })
    expect(answer.code).toBe(201)
    expect(answer.warnings).toBe(
      '299 - "would violate PodSecurity \\"baseline:v1.30\\": host namespaces (hostIPC=true)"',
    )
  })

  it('tells who tightens a namespace about the pods in it', async () => {
    await namespace('late', {})
    const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', uid: 'u', controller: true }
    for (const name of ['p2', 'p1', 'p3']) {
      await call({ path: pods('late'), body: pod(name, { hostPID: true }, { ownerReferences: [owner] }) })
    }
    await call({
      path: pods('late'),
      body: pod('q', {
        hostNetwork: true,
        hostPID: true,
        containers: [{ name: 'a', image: 'x', securityContext: { privileged: true } }],
      }),
    })
    const tightened = await label('late', { [`${LABEL}enforce`]: 'baseline' })
    expect(tightened.code).toBe(200)
    expect(tightened.warnings.split(', 299').map((w) => w.replace(/^(299)? - /, ''))).toEqual([
      '"existing pods in namespace \\"late\\" violate the new PodSecurity enforce level \\"baseline:latest\\""',
      '"p1 (and 2 other pods): host namespaces"',
      '"q: host namespaces, privileged"',
    ])
    expect((await label('late', { [`${LABEL}enforce`]: null })).warnings).toBe('')
    // What runs already may still be changed.
    await label('late', { [`${LABEL}enforce`]: 'baseline' })
    const patch = (body: object) =>
      call({ method: 'PATCH', path: `${pods('late')}/q`, type: 'application/merge-patch+json', body })
    expect((await patch({ metadata: { labels: { a: 'b' } } })).code).toBe(200)
    expect((await patch({ spec: { containers: [{ name: 'a', image: 'y' }] } })).code).not.toBe(200)
  })

  it('takes only labels that it understands', async () => {
    const made = await namespace('odd', { [`${LABEL}enforce`]: 'strict' })
    expect(made.code).toBe(422)
    expect(made.body.message).toBe(
      'Namespace "odd" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "strict": must be one of privileged, baseline, restricted',
    )
    await namespace('even', {})
    expect((await label('even', { [`${LABEL}audit-version`]: 'newest' })).code).toBe(422)
  })
})
