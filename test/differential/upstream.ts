// A kube-apiserver on etcd, beside a test server and with the same certificates, keys and ranges.

import { type ChildProcess, spawn } from 'node:child_process'
import { createPublicKey } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestServer } from '../../src/main/testing.ts'
import { untapped } from './tap.ts'

export interface Upstream {
  readonly url: string
  readonly etcd: string
  close(): Promise<void>
}

const SECONDS = 120

function program(name: string): string {
  const path = process.env[name]
  if (!path) throw new Error(`${name} is not set: it is the path of the program to compare with`)
  return path
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** Starts both and waits until the server says that it is ready. */
export async function startUpstream(server: TestServer, flags: Readonly<Record<string, string>>): Promise<Upstream> {
  const dir = mkdtempSync(join(tmpdir(), 'sampan-upstream-'))
  const file = (name: string, text: string) => {
    writeFileSync(join(dir, name), text)
    return join(dir, name)
  }
  const [client, peer, port] = [await freePort(), await freePort(), await freePort()]
  const etcd = `http://127.0.0.1:${client}`
  const serving = await server.serverCertificate(['127.0.0.1'], ['localhost', 'kubernetes.default.svc'])
  const children: ChildProcess[] = []
  const run = (path: string, args: readonly string[], log: string) => {
    const out = openSync(join(dir, log), 'w')
    const child = spawn(path, args, { stdio: ['ignore', out, out] })
    children.push(child)
    process.once('exit', () => child.kill('SIGKILL'))
    // Vitest ends its workers so, and then there is no exit.
    process.once('SIGTERM', () => child.kill('SIGKILL'))
  }
  const of = (pairs: Readonly<Record<string, string>>) =>
    Object.entries(pairs).map(([name, value]) => `--${name}=${value}`)
  run(
    program('ETCD'),
    of({
      'data-dir': join(dir, 'etcd'),
      'listen-client-urls': etcd,
      'advertise-client-urls': etcd,
      'listen-peer-urls': `http://127.0.0.1:${peer}`,
      'initial-advertise-peer-urls': `http://127.0.0.1:${peer}`,
      'initial-cluster': `default=http://127.0.0.1:${peer}`,
      'unsafe-no-fsync': 'true',
    }),
    'etcd.log',
  )
  const key = join(dirname(server.kubeconfigPath), 'service-account.key')
  const publicKey = createPublicKey(readFileSync(key))
  run(
    program('KUBE_APISERVER'),
    of({
      'etcd-servers': etcd,
      'secure-port': String(port),
      'bind-address': '127.0.0.1',
      'advertise-address': '127.0.0.1',
      'cert-dir': join(dir, 'certs'),
      'tls-cert-file': file('serving.crt', serving.cert),
      'tls-private-key-file': file('serving.key', serving.key),
      'client-ca-file': file('ca.crt', server.ca),
      'service-account-key-file': file(
        'service-account.pub',
        publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      ),
      'service-account-signing-key-file': key,
      'service-account-issuer': 'https://kubernetes.default.svc.cluster.local',
      'service-cluster-ip-range': '10.96.0.0/16',
      'service-node-port-range': '30000-32767',
      ...('authorization-config' in flags ? {} : { 'authorization-mode': 'Node,RBAC' }),
      'allow-privileged': 'true',
      'enable-admission-plugins': 'NodeRestriction',
      'enable-bootstrap-token-auth': 'true',
      'enable-aggregator-routing': 'true',
      'requestheader-client-ca-file': file('proxy-ca.crt', server.proxyCa),
      'requestheader-allowed-names': 'front-proxy-client',
      'requestheader-username-headers': 'X-Remote-User',
      'requestheader-group-headers': 'X-Remote-Group',
      'requestheader-extra-headers-prefix': 'X-Remote-Extra-',
      'kubelet-client-certificate': file('admin.crt', server.admin.cert),
      'kubelet-client-key': file('admin.key', server.admin.key),
      ...flagsOf(flags),
    }),
    'kube-apiserver.log',
  )
  const close = async (remove = true) => {
    for (const child of children.reverse()) {
      if (child.exitCode !== null) continue
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    if (remove) rmSync(dir, { recursive: true, force: true })
  }
  const url = `https://127.0.0.1:${port}`
  const until = Date.now() + SECONDS * 1000
  while (!(await isReady(url, server))) {
    if (Date.now() > until || children.some(({ exitCode }) => exitCode !== null)) {
      await close(false)
      throw new Error(`kube-apiserver did not start, see ${dir}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  return { url, etcd, close }
}

/** Without the spaces that Sampan allows between ranges, and with an audit log of its own. */
const flagsOf = (flags: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(flags).map(([name, value]) => {
      if (name === 'audit-log-path') return [name, `${value}.upstream`]
      return [name, name.endsWith('-range') ? value.replaceAll(' ', '') : value]
    }),
  )

/** Puts a JSON object in the place of one that etcd has, past all rules. */
export async function putPast(etcd: string, name: string, object: string): Promise<void> {
  const ask = async (path: string, body: object) => {
    const answer = await fetch(`${etcd}/v3/kv/${path}`, { method: 'POST', body: JSON.stringify(body) })
    return (await answer.json()) as { kvs?: { key: string }[] }
  }
  const [from, to] = ['/registry/', '/registry0'].map((text) => Buffer.from(text).toString('base64'))
  const { kvs = [] } = await ask('range', { key: from, range_end: to, keys_only: true })
  const key = kvs.find((kv) => Buffer.from(kv.key, 'base64').toString().endsWith(`/${name}`))?.key
  if (!key) throw new Error(`etcd has no ${name}`)
  await ask('put', { key, value: Buffer.from(object).toString('base64') })
}

function isReady(url: string, server: TestServer): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = untapped()(`${url}/readyz`, { ca: server.ca, ...server.admin, agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    asked.on('error', () => resolve(false))
    asked.end()
  })
}
