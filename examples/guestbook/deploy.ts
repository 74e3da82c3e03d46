// Deploys the guestbook to a running cluster: builds its images when they are missing, creates what is missing of
// all-in-one.yaml, waits until it serves, and says where. Usage: deploy [--name CLUSTER]

import { readFile } from 'node:fs/promises'
import { request } from 'node:https'
import { join, resolve } from 'node:path'
import { parseFlags } from '../../src/cli/flags.ts'
import { createProgress } from '../../src/cli/progress.ts'
import { runProgram } from '../../src/images/program.ts'
import { systemRandom } from '../../src/machinery/random.ts'
import { parseYamlStream } from '../../src/machinery/yaml.ts'
import { readConfig } from '../../src/main/choose-config.ts'
import { type ClusterConfig, type ClusterPaths, clusterPaths } from '../../src/main/config.ts'
import { RegistryStore } from '../../src/registry/store.ts'
import { buildGuestbookImages, GUESTBOOK_IMAGES } from './images.ts'

interface Manifest {
  apiVersion: string
  kind: string
  metadata: { name: string }
  spec: { ports?: { nodePort?: number }[] }
}

const directory = resolve(__dirname, '../examples/guestbook')
const PATHS: Readonly<Record<string, string>> = {
  Service: '/api/v1/namespaces/default/services',
  Deployment: '/apis/apps/v1/namespaces/default/deployments',
}
const READY_MS = 120_000
const LOOK_MS = 200

/** Sends one request as the cluster's administrator. */
async function call(
  config: ClusterConfig,
  paths: ClusterPaths,
  method: string,
  path: string,
  body?: object,
): Promise<{ code: number; text: string }> {
  const pem = (name: string) => readFile(join(paths.pki, name), 'utf8')
  const [ca, cert, key] = await Promise.all([pem('ca.crt'), pem('admin.crt'), pem('admin.key')])
  return new Promise((done, reject) => {
    const outgoing = request(
      {
        host: '127.0.0.1',
        port: config.apiPort,
        method,
        path,
        ca,
        cert,
        key,
        headers: { 'content-type': 'application/json' },
      },
      (answer) => {
        let text = ''
        answer.setEncoding('utf8')
        answer.on('data', (chunk: string) => {
          text += chunk
        })
        answer.on('end', () => done({ code: answer.statusCode ?? 0, text }))
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

async function ensureImages(paths: ClusterPaths): Promise<boolean> {
  const store = new RegistryStore({ root: paths.registry, random: systemRandom })
  const there = await Promise.all(Object.values(GUESTBOOK_IMAGES).map((name) => store.tags(`docker.io/${name}`)))
  if (there.every((tags) => tags.includes('latest'))) return false
  await buildGuestbookImages({
    store,
    directory,
    arch: process.arch,
    env: process.env,
    run: runProgram,
    node: process.execPath,
  })
  return true
}

/** Creates what is missing; gives how many objects were made. */
async function createMissing(
  config: ClusterConfig,
  paths: ClusterPaths,
  manifests: readonly Manifest[],
): Promise<number> {
  let made = 0
  for (const manifest of manifests) {
    const { code, text } = await call(config, paths, 'POST', PATHS[manifest.kind] ?? '', manifest)
    if (code === 201) made += 1
    else if (code !== 409) throw new Error(`cannot create ${manifest.kind} "${manifest.metadata.name}": ${text}`)
  }
  return made
}

async function waitUntilAvailable(config: ClusterConfig, paths: ClusterPaths, names: readonly string[]): Promise<void> {
  const deadline = Date.now() + READY_MS
  for (;;) {
    const { text } = await call(config, paths, 'GET', PATHS.Deployment ?? '')
    const { items } = JSON.parse(text) as {
      items: { metadata: { name: string }; spec: { replicas: number }; status: { availableReplicas?: number } }[]
    }
    const waiting = items.filter(
      (d) => names.includes(d.metadata.name) && (d.status.availableReplicas ?? 0) < d.spec.replicas,
    )
    if (waiting.length === 0) return
    if (Date.now() > deadline)
      throw new Error(
        `not available after ${READY_MS / 1000} s: ${waiting.map((d) => d.metadata.name).join(', ')}; see "kubectl get pods"`,
      )
    await new Promise((done) => setTimeout(done, LOOK_MS))
  }
}

/** Waits until a frontend answers and reads from redis: after a restart statuses say so before it is true again. */
async function waitUntilServing(port: number): Promise<void> {
  const deadline = Date.now() + READY_MS
  for (;;) {
    try {
      const answer = await fetch(`http://localhost:${port}/index.php?cmd=get&key=messages`)
      if (answer.ok) return
    } catch (error) {
      if (Date.now() > deadline) throw new Error('the guestbook does not answer', { cause: error })
    }
    if (Date.now() > deadline) throw new Error('the guestbook does not reach redis')
    await new Promise((done) => setTimeout(done, LOOK_MS))
  }
}

async function main(): Promise<void> {
  const flags = parseFlags(
    [{ name: 'name', type: 'string', description: 'Cluster', fallback: 'sampan' }],
    process.argv.slice(2),
  )
  const name = flags.string('name') ?? 'sampan'
  const paths = clusterPaths({ data: '/var/lib/sampan', run: '/run/sampan' }, name)
  const config = readConfig(paths)
  if (!config) throw new Error(`there is no cluster "${name}": start it with "sampan up"`)
  const progress = createProgress(process.stdout, () => Date.now())
  const manifests = parseYamlStream(await readFile(join(directory, 'all-in-one.yaml'), 'utf8')) as Manifest[]
  const ports = manifests.flatMap((m) => (m.kind === 'Service' ? (m.spec.ports ?? []) : []))
  for (const port of ports) {
    // A cluster beside another one has node ports of its own.
    const { from, to } = config.nodePorts
    if (port.nodePort && (port.nodePort < from || port.nodePort > to)) port.nodePort += from - 30000
  }
  progress.step('building the guestbook images')
  progress.done((await ensureImages(paths)) ? 'guestbook images built' : 'guestbook images are there')
  progress.step('deploying the guestbook')
  const made = await createMissing(config, paths, manifests)
  await waitUntilAvailable(
    config,
    paths,
    manifests.filter((m) => m.kind === 'Deployment').map((m) => m.metadata.name),
  )
  const nodePort = ports.find((p) => p.nodePort)?.nodePort ?? 0
  await waitUntilServing(nodePort)
  progress.done(made > 0 ? 'guestbook deployed' : 'guestbook is deployed')
  process.stdout.write(`\nThe guestbook: http://localhost:${nodePort}\n`)
}

main().catch((error: unknown) => {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
