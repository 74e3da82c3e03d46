// Writes and reads a second, beside what a bare Node server does with the same answers.

import { fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { DATA, LOAD_MS, NAMESPACE, target } from './cluster.ts'
import { report } from './figures.ts'
import { loadBare, serveBare } from './floor.ts'
import { load, open, send } from './load.ts'

export async function measureRequests(): Promise<void> {
  const data = { text: 'x'.repeat(1000) }
  const write = (prefix: string, clients: number, ms: number) =>
    load(target(), {
      ...{ clients, ms },
      next: (c, n) => ({
        method: 'POST',
        path: `${NAMESPACE}/configmaps`,
        body: JSON.stringify({ metadata: { name: `${prefix}-${clients}-${c}-${n}` }, data }),
      }),
    })
  for (const clients of [1, 64]) {
    if (clients > 1) {
      // Until V8 has compiled what is called often, a server that has just started is slower: told apart.
      const first = await write('first', clients, LOAD_MS / 2)
      report(`writes/s, ${clients} client(s), first seconds`, first.perSecond, '/s')
    }
    const writes = await write('w', clients, LOAD_MS)
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

/** Is the bare server, for whoever forked this process. */
export function serveAsChild(): void {
  process.once('message', (body: Buffer) => {
    const pem = (name: string) => readFileSync(`${DATA}/pki/${name}`, 'utf8')
    void serveBare({ ca: pem('ca.crt'), cert: pem('apiserver.crt'), key: pem('apiserver.key'), body }).then((port) =>
      process.send?.(port),
    )
  })
}

/** Objects that a server-side apply makes, and then changes one field of at each turn. */
export async function measureApply(): Promise<void> {
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
