// npm run bench: measures a real cluster on this machine, prints a table and writes JSON.
// Options: --only NAME[,NAME…], --idle-seconds N (60).

import { execFile, fork, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { promisify } from 'node:util'
import { loadBare, runtimeAlone, serveBare } from './floor.ts'
import { load, open, send, type Target } from './load.ts'

const exec = promisify(execFile)
const NAME = 'bench'
const DATA = `/var/lib/sampan/${NAME}`
const NAMESPACE = '/api/v1/namespaces/default'
const LOAD_MS = 5000
const IMAGE = 'bench-pause:1'

/** One measured figure and what it should be at most, or at least. */
interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly target?: { readonly atMost?: number; readonly atLeast?: number }
}

const figures: Figure[] = []

function report(name: string, value: number, unit: string, target?: Figure['target']): void {
  const rounded = Number(value.toPrecision(4))
  figures.push({ name, value: rounded, unit, ...(target ? { target } : {}) })
  const met =
    target &&
    (target.atMost === undefined || rounded <= target.atMost) &&
    (target.atLeast === undefined || rounded >= target.atLeast)
  const goal = target
    ? `  (target ${target.atMost === undefined ? `≥ ${target.atLeast}` : `≤ ${target.atMost}`}${met ? '' : ', MISSED'})`
    : ''
  process.stdout.write(`${name.padEnd(44)} ${String(rounded).padStart(10)} ${unit}${goal}\n`)
}

const script = process.argv[2] ?? ''
const sampan = (...args: string[]) => exec(process.execPath, [script, ...args, '--name', NAME], { maxBuffer: 1 << 26 })

function target(): Target {
  const { apiPort } = JSON.parse(readFileSync(`${DATA}/config.json`, 'utf8')) as { apiPort: number }
  const pem = (name: string) => readFileSync(`${DATA}/pki/${name}`, 'utf8')
  return { url: `https://127.0.0.1:${apiPort}`, ca: pem('ca.crt'), cert: pem('admin.crt'), key: pem('admin.key') }
}

const get = async (session: ClientHttp2Session, path: string) =>
  JSON.parse((await send(session, { method: 'GET', path })).toString())
const post = (session: ClientHttp2Session, path: string, body: object) =>
  send(session, { method: 'POST', path, body: JSON.stringify(body) })

/** Follows a watch until `found` is content with an object. */
function watchUntil(session: ClientHttp2Session, path: string, found: (object: Json) => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': path })
    let rest = ''
    stream.setEncoding('utf8')
    stream.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        if (!found((JSON.parse(line) as { object: Json }).object)) continue
        stream.close()
        resolve()
        return
      }
    })
    stream.on('error', reject)
  })
}

// biome-ignore lint/suspicious/noExplicitAny: whatever the API answers
type Json = any

const isReady = (object: Json) =>
  (object.status?.conditions ?? []).some((c: Json) => c.type === 'Ready' && c.status === 'True')

/** Runs `sampan up` and gives the times of its steps in seconds, as its progress lines show them. */
function up(): Promise<{ api: number; node: number }> {
  return new Promise((resolve, reject) => {
    const started = performance.now()
    const child = spawn(process.execPath, [script, 'up', '--name', NAME], { stdio: ['ignore', 'pipe', 'inherit'] })
    const times = { api: 0, node: 0 }
    child.stdout.on('data', (chunk: Buffer) => {
      const text = chunk.toString()
      if (text.includes('API server ready')) times.api = (performance.now() - started) / 1000
      if (text.includes('node ready')) times.node = (performance.now() - started) / 1000
    })
    child.on('exit', (code) => (code === 0 ? resolve(times) : reject(new Error(`sampan up gave ${code}`))))
  })
}

const podOf = (name: string, more: object = {}) => ({
  metadata: { name },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'c', image: IMAGE, imagePullPolicy: 'IfNotPresent' }],
    ...more,
  },
})

async function measureStart(): Promise<void> {
  const fresh = await up()
  report('up to API ready (new cluster)', fresh.api, 's', { atMost: 1.0 })
  report('up to node Ready (new cluster)', fresh.node, 's', { atMost: 2.0 })
  await exec(process.execPath, [
    script,
    'image',
    'from-host',
    '--name',
    NAME,
    '-t',
    IMAGE,
    '--entrypoint',
    '/usr/bin/catatonit',
    '--cmd',
    '-P',
    '/usr/bin/catatonit',
  ])
  const session = await open(target())
  await post(session, `${NAMESPACE}/pods`, podOf('warm'))
  await watchUntil(session, `${NAMESPACE}/pods?watch=1&fieldSelector=metadata.name=warm`, isReady)
  await send(session, { method: 'DELETE', path: `${NAMESPACE}/pods/warm` })
  session.destroy()
  await sampan('down')
  const started = performance.now()
  const upping = up()
  const early = await connectWhenReady()
  await post(early, `${NAMESPACE}/pods`, podOf('first'))
  await watchUntil(early, `${NAMESPACE}/pods?watch=1&fieldSelector=metadata.name=first`, isReady)
  report('up to first pod Ready (image present)', (performance.now() - started) / 1000, 's', { atMost: 3.0 })
  early.destroy()
  await upping
}

/** A connection as soon as the API answers. */
async function connectWhenReady(): Promise<ClientHttp2Session> {
  for (;;) {
    try {
      const session = await open(target())
      await send(session, { method: 'GET', path: '/readyz' })
      return session
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
}

async function measurePods(): Promise<void> {
  const session = await open(target())
  const count = 30
  const started = performance.now()
  const ready = new Set<string>()
  const done = watchUntil(session, `${NAMESPACE}/pods?watch=1&labelSelector=bench=many`, (pod) => {
    if (isReady(pod)) ready.add(pod.metadata.name)
    return ready.size === count
  })
  await post(session, '/apis/apps/v1/namespaces/default/deployments', {
    metadata: { name: 'many' },
    spec: {
      replicas: count,
      selector: { matchLabels: { bench: 'many' } },
      template: { metadata: { labels: { bench: 'many' } }, spec: podOf('x').spec },
    },
  })
  await done
  report('pods Ready per second (30 pods)', count / ((performance.now() - started) / 1000), 'pods/s', { atLeast: 10 })
  await send(session, { method: 'DELETE', path: '/apis/apps/v1/namespaces/default/deployments/many' })
  for (let left = count; left > 0; ) {
    left = ((await get(session, `${NAMESPACE}/pods?labelSelector=bench=many`)) as Json).items.length
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, 100))
  }
  session.destroy()
  await measureRuntime(count)
}

/** The container runtime without us: the server is killed, which its containerd outlives, and started again. */
async function measureRuntime(count: number): Promise<void> {
  process.kill(await serverPid(), 'SIGKILL')
  const sandboxSeccomp = `/var/lib/sampan/${NAME}/pause-seccomp.json`
  const alone = await runtimeAlone({
    endpoint: `/run/sampan/${NAME}/containerd.sock`,
    sandboxSeccomp,
    image: IMAGE,
    count,
  })
  report('  the container runtime alone', alone, 'pods/s')
  await up()
}

async function measureRequests(): Promise<void> {
  const data = { text: 'x'.repeat(1000) }
  for (const clients of [1, 64]) {
    const writes = await load(target(), {
      clients,
      ms: LOAD_MS,
      next: (c, n) => ({
        method: 'POST',
        path: `${NAMESPACE}/configmaps`,
        body: JSON.stringify({ metadata: { name: `w-${clients}-${c}-${n}` }, data }),
      }),
    })
    report(`writes/s, ${clients} client(s)`, writes.perSecond, '/s', clients === 64 ? { atLeast: 4000 } : undefined)
    report(`  p50 of a write, ${clients} client(s)`, writes.p50Ms, 'ms')
    report(`  p99 of a write, ${clients} client(s)`, writes.p99Ms, 'ms')
    const reads = await load(target(), {
      clients,
      ms: LOAD_MS,
      next: (c) => ({ method: 'GET', path: `${NAMESPACE}/configmaps/w-${clients}-${c}-0` }),
    })
    report(`reads/s, ${clients} client(s)`, reads.perSecond, '/s', clients === 64 ? { atLeast: 15000 } : undefined)
    report(`  p50 of a read, ${clients} client(s)`, reads.p50Ms, 'ms')
    report(`  p99 of a read, ${clients} client(s)`, reads.p99Ms, 'ms')
    await measureBareReads(clients)
  }
  const session = await open(target())
  await send(session, { method: 'DELETE', path: `${NAMESPACE}/configmaps` })
  session.destroy()
}

/** The same answers from a bare Node HTTPS server in a process of its own. */
async function measureBareReads(clients: number): Promise<void> {
  const session = await open(target())
  const body = await send(session, { method: 'GET', path: `${NAMESPACE}/configmaps/w-${clients}-0-0` })
  session.destroy()
  const child = fork(process.argv[1] ?? '', ['--bare-server'], { serialization: 'advanced' })
  try {
    const port = await new Promise<number>((resolve, reject) => {
      child.once('message', (message) => resolve(Number(message)))
      child.once('error', reject)
      child.send(body)
    })
    const bare = await loadBare(target(), port, { clients, ms: LOAD_MS })
    report(`  a bare Node server's reads/s, ${clients} client(s)`, bare.perSecond, '/s')
  } finally {
    child.kill()
  }
}

function serveAsChild(): void {
  process.once('message', (body: Buffer) => {
    const pem = (name: string) => readFileSync(`${DATA}/pki/${name}`, 'utf8')
    void serveBare({ ca: pem('ca.crt'), cert: pem('apiserver.crt'), key: pem('apiserver.key'), body }).then((port) =>
      process.send?.(port),
    )
  })
}

/** Objects that a server-side apply makes, and then changes one field of at each turn. */
async function measureApply(): Promise<void> {
  const applied = await load(target(), {
    clients: 64,
    ms: LOAD_MS,
    next: (c, n) => {
      const name = `apply-${c}-${Math.floor(n / 4)}`
      const metadata = { name, labels: { app: 'bench', turn: String(n % 4) } }
      return {
        method: 'PATCH',
        path: `${NAMESPACE}/configmaps/${name}?fieldManager=bench`,
        type: 'application/apply-patch+yaml',
        body: JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { text: 'x'.repeat(1000) } }),
      }
    },
  })
  report('server-side applies/s, 64 clients', applied.perSecond, '/s')
  report('  p50 of an apply', applied.p50Ms, 'ms')
  const session = await open(target())
  await send(session, { method: 'DELETE', path: `${NAMESPACE}/configmaps` })
  session.destroy()
}

const RULES = [
  'self.minReplicas <= self.replicas',
  'self.replicas <= self.maxReplicas',
  "self.image.startsWith('registry.example/')",
  'self.ports.all(p, p >= 1 && p <= 65535)',
  "has(self.owner) ? self.owner.matches('^[a-z]+$') : true",
]

/** Custom resources with a schema and five rules in the Common Expression Language. */
async function measureCustom(): Promise<void> {
  const session = await open(target())
  const integer = { type: 'integer' }
  const spec = {
    type: 'object',
    properties: {
      replicas: integer,
      minReplicas: integer,
      maxReplicas: integer,
      image: { type: 'string', maxLength: 200 },
      owner: { type: 'string', maxLength: 50 },
      ports: { type: 'array', maxItems: 20, items: integer },
    },
    'x-kubernetes-validations': RULES.map((rule) => ({ rule })),
  }
  await post(session, '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    metadata: { name: 'boats.bench.example' },
    spec: {
      group: 'bench.example',
      scope: 'Namespaced',
      names: { plural: 'boats', singular: 'boat', kind: 'Boat' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties: { spec } } },
        },
      ],
    },
  })
  const definition = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions?watch=1'
  await watchUntil(session, `${definition}&fieldSelector=metadata.name=boats.bench.example`, (crd) =>
    (crd.status?.conditions ?? []).some((c: Json) => c.type === 'Established' && c.status === 'True'),
  )
  const boat = {
    replicas: 3,
    minReplicas: 1,
    maxReplicas: 5,
    image: 'registry.example/a',
    owner: 'ann',
    ports: [80, 443],
  }
  const created = await load(target(), {
    clients: 64,
    ms: LOAD_MS,
    next: (c, n) => ({
      method: 'POST',
      path: '/apis/bench.example/v1/namespaces/default/boats',
      body: JSON.stringify({
        apiVersion: 'bench.example/v1',
        kind: 'Boat',
        metadata: { name: `b-${c}-${n}` },
        spec: boat,
      }),
    }),
  })
  report('custom resources/s, 5 CEL rules, 64 clients', created.perSecond, '/s')
  report('  p50 of a create', created.p50Ms, 'ms')
  await send(session, { method: 'DELETE', path: definition.replace('?watch=1', '/boats.bench.example') })
  session.destroy()
}

async function measureList(): Promise<void> {
  const before = await residentAfterStart()
  const session = await open(target())
  await fillWithPods(session, 0, 5000)
  await timeList(session, 'list of 5,000 pods', 'application/json')
  await fillWithPods(session, 5000, 10_000)
  await timeList(session, 'list of 10,000 pods, JSON', 'application/json')
  await timeList(session, 'list of 10,000 pods, protobuf', 'application/vnd.kubernetes.protobuf')
  session.destroy()
  report('resident memory for 10,000 pods', (await residentAfterStart()) - before, 'MB')
  const again = await open(target())
  await send(again, { method: 'DELETE', path: `${NAMESPACE}/pods?gracePeriodSeconds=0` })
  again.destroy()
}

/** Pods that nobody schedules: they are there to be listed. */
async function fillWithPods(session: ClientHttp2Session, from: number, to: number): Promise<void> {
  for (let n = from; n < to; n += 50) {
    await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        post(session, `${NAMESPACE}/pods`, podOf(`list-${n + i}`, { schedulerName: 'nobody' })),
      ),
    )
  }
}

async function timeList(session: ClientHttp2Session, name: string, accept: string): Promise<void> {
  const times: number[] = []
  let bytes = 0
  for (let i = 0; i < 5; i++) {
    const started = performance.now()
    bytes = (await send(session, { method: 'GET', path: `${NAMESPACE}/pods`, accept })).length
    times.push(performance.now() - started)
  }
  report(name, times.sort((a, b) => a - b)[2] ?? 0, 'ms (median of 5)')
  report('  size of that list', bytes / 1e6, 'MB')
}

/** What a start reads back is what the objects themselves take: what making them took has gone. */
async function residentAfterStart(): Promise<number> {
  await sampan('down')
  await up()
  const session = await open(target())
  // The pods have been read when they can be listed.
  await send(session, { method: 'GET', path: `${NAMESPACE}/pods?limit=1` })
  session.destroy()
  return residentMB()
}

async function residentMB(): Promise<number> {
  const status = readFileSync(`/proc/${await serverPid()}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
}

async function measureFanOut(): Promise<void> {
  for (const watchers of [500, 1000]) await measureWatchers(watchers)
}

async function measureWatchers(watchers: number): Promise<void> {
  const session = await open(target())
  await post(session, `${NAMESPACE}/configmaps`, { metadata: { name: 'watched' } })
  const waiting = new Set<ClientHttp2Stream>()
  let told: () => void = () => {}
  const streams = await Promise.all(
    Array.from(
      { length: watchers },
      () =>
        new Promise<ClientHttp2Stream>((resolve, reject) => {
          const stream = session.request({
            ':path': `${NAMESPACE}/configmaps?watch=1&fieldSelector=metadata.name=watched`,
          })
          stream.once('error', reject)
          // The first frame is the object as it is.
          stream.once('data', () => {
            stream.on('data', () => {
              waiting.delete(stream)
              if (waiting.size === 0) told()
            })
            resolve(stream)
          })
        }),
    ),
  )
  const times: number[] = []
  const writer = await open(target())
  for (let i = 0; i < 5; i++) {
    for (const stream of streams) waiting.add(stream)
    const all = new Promise<void>((resolve) => {
      told = resolve
    })
    const started = performance.now()
    await send(writer, {
      method: 'PUT',
      path: `${NAMESPACE}/configmaps/watched`,
      body: JSON.stringify({ metadata: { name: 'watched' }, data: { n: String(i) } }),
    })
    await all
    times.push(performance.now() - started)
  }
  report(`one event to ${watchers} watchers`, times.sort((a, b) => a - b)[2] ?? 0, 'ms (median of 5)')
  await send(writer, { method: 'DELETE', path: `${NAMESPACE}/configmaps/watched` })
  writer.destroy()
  session.destroy()
}

async function serverPid(): Promise<number> {
  const { stdout } = await sampan('status', '-o', 'json')
  const { processes } = JSON.parse(stdout) as { processes: { role: string; pid: number }[] }
  return processes.find((p) => p.role === 'server')?.pid ?? 0
}

async function measureIdle(seconds: number): Promise<void> {
  await sampan('down')
  await up()
  const pid = await serverPid()
  const TICKS = 100
  const ticks = () => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    return Number(fields[11]) + Number(fields[12])
  }
  // Starting up is not idling.
  await new Promise((resolve) => setTimeout(resolve, 10_000))
  const before = ticks()
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
  report(`idle CPU over ${seconds} s`, ((ticks() - before) / TICKS / seconds) * 100, '% of a core', { atMost: 1 })
  report('resident memory of the server, idle', await residentMB(), 'MB', { atMost: 160 })
}

const flag = (name: string) => {
  const at = process.argv.indexOf(name)
  return at < 0 ? undefined : process.argv[at + 1]
}

async function main(): Promise<void> {
  const only = flag('--only')?.split(',')
  const parts: readonly [string, () => Promise<void>][] = [
    ['start', measureStart],
    ['pods', measurePods],
    ['requests', measureRequests],
    ['apply', measureApply],
    ['custom', measureCustom],
    ['list', measureList],
    ['fan-out', measureFanOut],
    ['idle', () => measureIdle(Number(flag('--idle-seconds') ?? 60))],
  ]
  if (existsSync(DATA)) await sampan('delete')
  try {
    for (const [name, measure] of parts) if (name === 'start' || !only || only.includes(name)) await measure()
  } finally {
    await sampan('delete')
  }
  const machine = {
    cpus: availableParallelism(),
    model: cpus()[0]?.model,
    memoryMB: Math.round(totalmem() / 1e6),
    node: process.version,
  }
  const results = new URL(`file://${flag('--results') ?? '/tmp'}/`)
  mkdirSync(results, { recursive: true })
  const file = new URL(`${new Date().toISOString().replace(/[:.]/g, '-')}.json`, results)
  writeFileSync(file, `${JSON.stringify({ machine, figures }, null, 2)}\n`)
  process.stdout.write(`written to ${file.pathname}\n`)
}

if (process.argv.includes('--bare-server')) serveAsChild()
else
  main().catch((error: unknown) => {
    process.stderr.write(`error: ${error instanceof Error ? error.stack : String(error)}\n`)
    process.exitCode = 1
  })
