// npm run bench -- owners: what keeping account of who owns which fields costs a write. Each figure is CPU time of the
// same write to an object that is tracked and to one that is not, taken in turns in one run.

import { Api } from '../src/apiserver/api.ts'
import { Registry, type RequestContext } from '../src/apiserver/registry/registry.ts'
import { allResources } from '../src/apiserver/resources/index.ts'
import { MASTERS_GROUP } from '../src/apiserver/user.ts'
import { systemClock } from '../src/machinery/clock.ts'
import { systemRandom } from '../src/machinery/random.ts'
import { openLogStore } from '../src/store/log-store.ts'
import { memoryLog } from '../src/store/memory/memory-log.ts'

const ROUNDS = 40
const WRITES = 250

interface Body {
  metadata: { name: string; labels?: Record<string, string>; managedFields?: unknown[] }
  [field: string]: unknown
}

/** One kind of write: the object, and the change that the nth write makes. */
interface Case {
  readonly title: string
  readonly group: string
  readonly resource: string
  readonly subresource: string
  readonly object: Body
  change(body: Body, n: number): void
}

const container = (i: number) => ({
  name: `c${i}`,
  image: 'nginx',
  ports: [{ containerPort: 80 + i }],
  env: [
    { name: 'A', value: '1' },
    { name: 'B', value: '2' },
  ],
  resources: { requests: { cpu: '10m', memory: '16Mi' } },
})
const podSpec = { containers: [container(0), container(1)] }
const condition = (type: string, n: number) => ({ type, status: n % 2 === 0 ? 'True' : 'False', reason: `r${n}` })

const CASES: readonly Case[] = [
  {
    title: 'config map, one value changes',
    group: '',
    resource: 'configmaps',
    subresource: '',
    object: { metadata: { name: 'x' }, data: { a: '1', b: '2', c: 'x'.repeat(1000) } },
    change(body, n) {
      ;(body.data as Record<string, string>).a = String(n)
    },
  },
  {
    title: 'deployment, replicas change',
    group: 'apps',
    resource: 'deployments',
    subresource: '',
    object: {
      metadata: { name: 'x', labels: { app: 'x' } },
      spec: {
        selector: { matchLabels: { app: 'x' } },
        template: { metadata: { labels: { app: 'x' } }, spec: podSpec },
      },
    },
    change(body, n) {
      ;(body.spec as { replicas: number }).replicas = n
    },
  },
  {
    title: 'pod, status changes',
    group: '',
    resource: 'pods',
    subresource: 'status',
    object: { metadata: { name: 'x', labels: { app: 'x' } }, spec: podSpec },
    change(body, n) {
      body.status = {
        phase: 'Running',
        podIP: '10.0.0.1',
        podIPs: [{ ip: '10.0.0.1' }],
        conditions: [condition('Ready', n), condition('Initialized', 0), condition('ContainersReady', n)],
      }
    },
  },
]

const store = openLogStore({
  log: memoryLog(),
  clock: systemClock,
  onFatal(error) {
    throw error
  },
})
const registry = new Registry({
  store,
  resources: allResources({}),
  clock: systemClock,
  random: systemRandom,
  freeze: false,
})
const api = new Api(registry, new Map())

async function main(): Promise<void> {
  for (const { title, group, resource: plural, subresource, object, change } of CASES) {
    const resource = registry.resource(group, plural)
    const context: RequestContext = {
      user: { name: 'bench', groups: [MASTERS_GROUP] },
      namespace: 'default',
      version: resource.storage,
      dryRun: false,
      fieldManager: 'bench',
      fieldValidation: 'Ignore',
      warn() {},
    }
    const spent = { tracked: 0, untracked: 0 }
    const bytes = { tracked: 0, untracked: 0 }
    for (const name of ['tracked', 'untracked'] as const) {
      const target = { resource, subresource: '', name }
      const body = { ...structuredClone(object), metadata: { ...object.metadata, name } }
      await api.create(target, body, context)
      if (name === 'tracked') continue
      await api.patch(target, { type: 'merge', body: { metadata: { managedFields: [{}] } } }, context)
    }
    for (let round = 0; round < ROUNDS; round++) {
      for (const name of ['tracked', 'untracked'] as const) {
        const target = { resource, subresource, name }
        const current = await api.get({ ...target, subresource: '' }, context)
        const texts = Array.from({ length: WRITES }, (_, i) => {
          const body = structuredClone(current.object) as unknown as Body
          delete (body.metadata as { resourceVersion?: string }).resourceVersion
          change(body, round * WRITES + i + 1)
          return JSON.stringify(body)
        })
        const before = process.cpuUsage()
        for (const text of texts) await api.update(target, JSON.parse(text), context)
        const { user, system } = process.cpuUsage(before)
        // The first rounds warm up.
        if (round >= ROUNDS / 4) spent[name] += user + system
        bytes[name] = (await api.get({ ...target, subresource: '' }, context)).json.length
      }
    }
    const writes = (ROUNDS - ROUNDS / 4) * WRITES
    const [tracked, untracked] = [spent.tracked / writes, spent.untracked / writes]
    process.stdout.write(
      `${title.padEnd(32)} ${untracked.toFixed(1).padStart(7)} µs without, ${tracked.toFixed(1).padStart(7)} µs with: ` +
        `${(tracked / untracked).toFixed(2)} times; ${bytes.untracked} and ${bytes.tracked} bytes\n`,
    )
  }
  registry.close()
  await store.close()
}

main().catch((error: unknown) => {
  process.stderr.write(`error: ${error instanceof Error ? error.stack : String(error)}\n`)
  process.exitCode = 1
})
