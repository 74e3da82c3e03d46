// Stock kubectl against field management: apply on the server, conflicts, and the way there from apply on the client.

import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestServer, type TestServer } from '../../src/main/testing.ts'
import { run } from './support/cluster.ts'
import { type KubectlVersion, kubectlOf } from './support/kubectl.ts'

interface Entry {
  readonly manager: string
  readonly operation: string
  readonly subresource?: string
}

const versions: readonly KubectlVersion[] = ['v28', 'v35']

describe.each(versions)('kubectl %s', (version) => {
  let server: TestServer
  const attempt = (args: readonly string[], input?: string, env: NodeJS.ProcessEnv = {}) =>
    run(kubectlOf(version), args, {
      env: { KUBECONFIG: server.kubeconfigPath, ...env },
      ...(input === undefined ? {} : { input }),
    })
  const kubectl = async (args: readonly string[], input?: string, env?: NodeJS.ProcessEnv): Promise<string> => {
    const { code, stdout, stderr } = await attempt(args, input, env)
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')} gave ${code}: ${stderr}${stdout}`)
    return stdout
  }
  const web = (replicas: number | undefined, image = 'nginx') =>
    JSON.stringify({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', labels: { app: 'web' } },
      spec: {
        ...(replicas === undefined ? {} : { replicas }),
        selector: { matchLabels: { app: 'web' } },
        template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image }] } },
      },
    })
  const managers = async (): Promise<string[]> => {
    const text = await kubectl(['get', 'deployment', 'web', '-o', 'json', '--show-managed-fields'])
    const { metadata } = JSON.parse(text) as { metadata: { managedFields: Entry[] } }
    return metadata.managedFields
      .map(({ manager, operation, subresource }) => [manager, operation, subresource].filter(Boolean).join(' '))
      .sort()
  }
  const onServer = (...flags: string[]) => ['apply', '--server-side', '-f', '-', ...flags]

  beforeAll(async () => {
    server = await startTestServer()
  })
  afterAll(() => server?.close())

  it('moves an object from apply on the client to apply on the server', async () => {
    await kubectl(['apply', '-f', '-'], web(2))
    expect(await managers()).toEqual(['kubectl-client-side-apply Update'])
    expect(await kubectl(onServer(), web(2))).toBe('deployment.apps/web serverside-applied\n')
    expect(await managers()).toEqual(['kubectl Apply', 'kubectl-last-applied Apply'])
    expect(await kubectl(['get', 'deployment', 'web', '-o', 'yaml'])).not.toContain('managedFields')
  })

  it('tells which fields conflict after a scale, and takes them by force', async () => {
    await kubectl(['scale', 'deployment', 'web', '--replicas=3'])
    expect(await managers()).toContain('kubectl Update scale')
    const { code, stderr } = await attempt(onServer(), web(2))
    expect(code).toBe(1)
    expect(stderr).toContain(
      'error: Apply failed with 1 conflict: conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas\n',
    )
    expect(stderr).toContain('re-run the apply\n  command with the `--force-conflicts` flag')
    await kubectl(onServer('--force-conflicts'), web(2))
    expect(await managers()).not.toContain('kubectl Update scale')
    expect(await kubectl(['get', 'deployment', 'web', '-o', 'jsonpath={.spec.replicas}'])).toBe('2')
  })

  it('keeps several managers apart', async () => {
    const refused = await attempt(onServer('--field-manager=other'), web(4, 'httpd'))
    expect(refused.stderr).toContain(
      'Apply failed with 2 conflicts: conflicts with "kubectl":\n- .spec.replicas\n- .spec.template.spec.containers[name="web"].image\n',
    )
    await kubectl(onServer('--field-manager=other'), web(2))
    await kubectl(onServer(), web(undefined))
    expect(await kubectl(['get', 'deployment', 'web', '-o', 'jsonpath={.spec.replicas}'])).toBe('2')
    await kubectl(onServer('--field-manager=other'), web(undefined))
    expect(await kubectl(['get', 'deployment', 'web', '-o', 'jsonpath={.spec.replicas}'])).toBe('1')
  })

  it('names the commands that change an object', async () => {
    await kubectl(['label', 'deployment', 'web', 'x=y'])
    await kubectl(['annotate', 'deployment', 'web', 'x=y'])
    await kubectl(['edit', 'deployment', 'web'], undefined, {
      KUBE_EDITOR: 'sed -i s/25%/30%/',
    })
    expect(await managers()).toEqual(
      expect.arrayContaining(['kubectl-annotate Update', 'kubectl-edit Update', 'kubectl-label Update']),
    )
  })

  it('tells differences by asking the server', async () => {
    const { code, stdout } = await attempt(['diff', '--server-side', '-f', '-'], web(7))
    expect(code).toBe(1)
    expect(stdout).toMatch(/^- {2}replicas: 1$/m)
    expect(stdout).toMatch(/^\+ {2}replicas: 7$/m)
    expect(await kubectl(['get', 'deployment', 'web', '-o', 'jsonpath={.spec.replicas}'])).toBe('1')
  })

  it('refuses fields that nobody knows', async () => {
    const { code, stderr } = await attempt(
      onServer('--validate=ignore'),
      web(1).replace('"selector"', '"foo":1,"selector"'),
    )
    expect(code).toBe(1)
    expect(stderr).toContain(': .spec.foo: field not declared in schema')
  })
})

describe("Sampan's kubectl", () => {
  let server: TestServer
  const manifest = (replicas: number, image = 'nginx') =>
    JSON.stringify({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: {
        replicas,
        selector: { matchLabels: { app: 'web' } },
        template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image }] } },
      },
    })
  const words: readonly (readonly [string, string?])[] = [
    ['apply -f -', manifest(2)],
    ['apply --server-side -f -', manifest(2)],
    ['get deployment web -o yaml'],
    ['get deployment web -o json --show-managed-fields'],
    ['scale deployment web --replicas=3'],
    ['apply --server-side -f -', manifest(2)],
    ['apply --server-side --field-manager=other -f -', manifest(4, 'httpd')],
    ['apply --server-side --force-conflicts -f -', manifest(2)],
    ['apply --server-side --field-manager=other --force-conflicts -f -', manifest(2, 'httpd')],
    ['label deployment web x=y'],
    ['get deployment web -o yaml --show-managed-fields'],
    ['apply --server-side --validate=ignore -f -', manifest(1).replace('"selector"', '"foo":1,"selector"')],
    ['apply --server-side --dry-run=server -f -', manifest(5)],
  ]
  /** Everything that differs between two runs of the same words. */
  const timeless = (text: string) =>
    text.replace(/\d{4}-\d\d-\d\dT[\d:]+Z/g, 'TIME').replace(/("?(?:uid|resourceVersion)"?: ).*/g, '$1X')

  const tell = async (program: string, first: readonly string[]): Promise<string[]> => {
    server = await startTestServer()
    const out: string[] = []
    for (const [line, input] of words) {
      const options = { env: { KUBECONFIG: server.kubeconfigPath }, ...(input === undefined ? {} : { input }) }
      const { code, stdout, stderr } = await run(program, [...first, ...line.split(' ')], options)
      out.push(`$ ${line}\n${code}\n${timeless(stdout)}\n${timeless(stderr)}`)
    }
    await server.close()
    return out
  }

  it('applies on the server as the stock one does', async () => {
    const script = join(dirname(fileURLToPath(import.meta.url)), '../../bin/sampan.cjs')
    const stock = await tell(kubectlOf('v35'), [])
    const own = await tell(process.execPath, [script])
    expect(own).toEqual(stock)
  })
})
