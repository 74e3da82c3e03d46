// Runs `get pods` against a server of a few lines, so that V8's compiled form holds what a typical command needs.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const pods = {
  resource: 'pods',
  responseKind: { kind: 'Pod' },
  scope: 'Namespaced',
  singularResource: 'pod',
  verbs: [],
}
const discovery = (items) => ({ kind: 'APIGroupDiscoveryList', items })
const answers = {
  '/api': discovery([{ metadata: {}, versions: [{ version: 'v1', resources: [pods] }] }]),
  '/apis': discovery([]),
  '/api/v1/namespaces/default/pods': {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: {},
    columnDefinitions: [{ name: 'Name', type: 'string', format: 'name', priority: 0 }],
    rows: [{ cells: ['web'], object: { metadata: { name: 'web' } } }],
  },
}

/** Writes the compiled form of the kubectl bundle. */
export async function warmKubectl(root) {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(answers[new URL(request.url, 'http://x').pathname] ?? {}))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const dir = mkdtempSync(join(tmpdir(), 'sampan-warm-'))
  const kubeconfig = join(dir, 'config')
  writeFileSync(
    kubeconfig,
    `apiVersion: v1
kind: Config
clusters:
- {name: c, cluster: {server: 'http://127.0.0.1:${server.address().port}'}}
contexts:
- {name: c, context: {cluster: c, user: c}}
users:
- {name: c, user: {}}
current-context: c
`,
  )
  const env = { ...process.env, KUBECONFIG: kubeconfig, KUBECACHEDIR: dir, SAMPAN_WRITE_COMPILED: 'kubectl' }
  const child = spawn(process.execPath, [join(root, 'bin/sampan.cjs'), 'get', 'pods'], { env, stdio: 'ignore' })
  const code = await new Promise((resolve) => child.on('close', resolve))
  server.close()
  rmSync(dir, { recursive: true })
  if (code !== 0) throw new Error(`sampan get pods gave ${code} while its compiled form was made`)
}
