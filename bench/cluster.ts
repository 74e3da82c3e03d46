// The cluster that is measured, and what the parts ask of it.

import { execFile, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { ClientHttp2Session } from 'node:http2'
import { promisify } from 'node:util'
import { open, send, type Target } from './load.ts'

export const exec = promisify(execFile)
export const NAME = 'bench'
export const DATA = `/var/lib/sampan/${NAME}`
export const NAMESPACE = '/api/v1/namespaces/default'
export const LOAD_MS = 5000
export const IMAGE = 'bench-pause:1'

export const script = process.argv[2] ?? ''
export const sampan = (...args: string[]) =>
  exec(process.execPath, [script, ...args, '--name', NAME], { maxBuffer: 1 << 26 })

/** Where the API is, and the administrator's credentials. */
export function target(): Target {
  const { apiPort } = JSON.parse(readFileSync(`${DATA}/config.json`, 'utf8')) as { apiPort: number }
  const pem = (name: string) => readFileSync(`${DATA}/pki/${name}`, 'utf8')
  return { url: `https://127.0.0.1:${apiPort}`, ca: pem('ca.crt'), cert: pem('admin.crt'), key: pem('admin.key') }
}

export const get = async (session: ClientHttp2Session, path: string) =>
  JSON.parse((await send(session, { method: 'GET', path })).toString())
export const post = (session: ClientHttp2Session, path: string, body: object) =>
  send(session, { method: 'POST', path, body: JSON.stringify(body) })

/** Follows a watch until `found` is content with an object. */
export function watchUntil(session: ClientHttp2Session, path: string, found: (object: Json) => boolean): Promise<void> {
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
export type Json = any

export const isReady = (object: Json) =>
  (object.status?.conditions ?? []).some((c: Json) => c.type === 'Ready' && c.status === 'True')

/** Runs `sampan up` and gives the times of its steps in seconds, as its progress lines show them. */
export function up(): Promise<{ api: number; node: number }> {
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

export const podOf = (name: string, more: object = {}) => ({
  metadata: { name },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'c', image: IMAGE, imagePullPolicy: 'IfNotPresent' }],
    ...more,
  },
})

/** A connection as soon as the API answers. */
export async function connectWhenReady(): Promise<ClientHttp2Session> {
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

export async function serverPid(): Promise<number> {
  const { stdout } = await sampan('status', '-o', 'json')
  const { processes } = JSON.parse(stdout) as { processes: { role: string; pid: number }[] }
  return processes.find((p) => p.role === 'server')?.pid ?? 0
}

/** Resident memory of the server. */
export async function residentMB(): Promise<number> {
  const status = readFileSync(`/proc/${await serverPid()}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
}
