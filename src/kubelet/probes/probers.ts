// Carries out one probe: exec, httpGet, tcpSocket or grpc. A failed check is a result, not an error.

import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import type { GRPCAction, HTTPGetAction, Probe } from '../../api/generated/core-v1.ts'
import type { Clock } from '../../machinery/clock.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import { messageOf } from '../pods/errors.ts'
import { type ApiContainer, resolvePort } from '../pods/types.ts'
import { type Runtime, RuntimeError } from '../runtime/runtime.ts'
import { checkGrpcHealth } from './grpc-health.ts'

export interface ProbeOutcome {
  readonly result: 'success' | 'warning' | 'failure'
  readonly output: string
}

export interface ProbeSubject {
  readonly runtime: Runtime
  readonly clock: Clock
  readonly container: ApiContainer
  readonly containerId: string
  readonly podIP: string
  /** Kubelet version, for the User-Agent header. */
  readonly version: string
}

const MAX_OUTPUT = 10 * 1024
const MAX_REDIRECTS = 10

/** Runs the probe once, within its time-out. */
export async function runProbe(probe: DeepReadonly<Probe>, subject: ProbeSubject): Promise<ProbeOutcome> {
  const timeout = probe.timeoutSeconds ?? 1
  const limit = new AbortController()
  const cancel = subject.clock.after(timeout * 1000, () => limit.abort())
  try {
    if (probe.exec) return await execProbe(probe.exec.command ?? [], timeout, subject)
    if (probe.httpGet) return await httpProbe(probe.httpGet, limit.signal, subject)
    if (probe.tcpSocket) {
      const port = resolvePort(probe.tcpSocket.port, subject.container)
      return await tcpProbe(probe.tcpSocket.host || subject.podIP, port, limit.signal)
    }
    if (probe.grpc) return await grpcProbe(probe.grpc, limit.signal, subject)
  } catch (error) {
    return { result: 'failure', output: messageOf(error) }
  } finally {
    cancel()
  }
  return { result: 'failure', output: `missing probe handler for container ${subject.container.name}` }
}

async function execProbe(command: readonly string[], timeout: number, subject: ProbeSubject): Promise<ProbeOutcome> {
  try {
    const answer = await subject.runtime.execSync(subject.containerId, command, timeout)
    const output = Buffer.concat([answer.stdout, answer.stderr]).subarray(0, MAX_OUTPUT).toString()
    return { result: answer.exitCode === 0 ? 'success' : 'failure', output }
  } catch (error) {
    if (!(error instanceof RuntimeError) || error.code !== 'DEADLINE_EXCEEDED') throw error
    return { result: 'failure', output: `command timed out: "${command.join(' ')}" timed out after ${timeout}s` }
  }
}

async function httpProbe(
  action: DeepReadonly<HTTPGetAction>,
  signal: AbortSignal,
  subject: ProbeSubject,
): Promise<ProbeOutcome> {
  const url = httpUrl(action, subject.container, subject.podIP)
  const headers: Record<string, string> = {
    'user-agent': `kube-probe/${subject.version.replace(/^v(\d+\.\d+).*$/, '$1')}`,
    accept: '*/*',
  }
  for (const header of action.httpHeaders ?? []) headers[header.name.toLowerCase()] = header.value
  const answer = await follow(url, headers, signal)
  if (answer.status >= 200 && answer.status < 400) {
    if (answer.status >= 300) {
      const output = `Probe terminated redirects, Response body: ${answer.body}`
      return { result: 'warning', output }
    }
    return { result: 'success', output: answer.body }
  }
  return { result: 'failure', output: `HTTP probe failed with statuscode: ${answer.status}` }
}

/** The address an httpGet action asks. */
export function httpUrl(action: DeepReadonly<HTTPGetAction>, container: ApiContainer, podIP: string): URL {
  const host = action.host || podIP
  const scheme = (action.scheme || 'HTTP').toLowerCase()
  const port = resolvePort(action.port, container)
  const path = action.path?.startsWith('/') ? action.path : `/${action.path ?? ''}`
  return new URL(`${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}${path}`)
}

interface HttpAnswer {
  readonly status: number
  readonly body: string
}

/** Redirects are followed on the same host only; one to elsewhere ends the probe, as upstream does it. */
async function follow(start: URL, headers: Record<string, string>, signal: AbortSignal): Promise<HttpAnswer> {
  let url = start
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    const answer = await httpGet(url, headers, signal)
    if (answer.location === undefined || answer.status < 300 || answer.status >= 400) return answer
    const next = new URL(answer.location, url)
    if (next.hostname !== start.hostname) return answer
    url = next
  }
  throw new Error(`Get ${JSON.stringify(start.href)}: stopped after ${MAX_REDIRECTS} redirects`)
}

/** One GET. Certificates are not checked: the probe asks whether it answers, not who it is. */
export function httpGet(
  url: URL,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<HttpAnswer & { location?: string }> {
  return new Promise((resolve, reject) => {
    const options = { headers, signal, agent: false as const, rejectUnauthorized: false }
    const fail = (error: Error) => {
      const why = signal.aborted
        ? `context deadline exceeded (Client.Timeout exceeded while awaiting headers)`
        : dialError(error, url)
      reject(new Error(`Get ${JSON.stringify(url.href)}: ${why}`, { cause: error }))
    }
    const request = (url.protocol === 'https:' ? https : http).get(url, options, (response) => {
      const chunks: Buffer[] = []
      let size = 0
      response.on('data', (chunk: Buffer) => {
        if (size < MAX_OUTPUT) chunks.push(chunk)
        size += chunk.length
        if (size >= MAX_OUTPUT) response.destroy()
      })
      response.on('error', fail)
      response.on('close', () => {
        const { location } = response.headers
        resolve({
          status: response.statusCode ?? 0,
          body: Buffer.concat(chunks).subarray(0, MAX_OUTPUT).toString(),
          ...(location === undefined ? {} : { location }),
        })
      })
    })
    request.on('error', fail)
  })
}

function dialError(error: Error, url: URL): string {
  const { code } = error as NodeJS.ErrnoException
  const where = `dial tcp ${url.hostname}:${url.port || (url.protocol === 'https:' ? 443 : 80)}`
  if (code === 'ECONNREFUSED') return `${where}: connect: connection refused`
  if (code === 'EHOSTUNREACH') return `${where}: connect: no route to host`
  if (code === 'ECONNRESET') return `read: connection reset by peer`
  return error.message
}

function tcpProbe(host: string, port: number, signal: AbortSignal): Promise<ProbeOutcome> {
  return new Promise((resolve) => {
    const where = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
    const socket = net.connect({ host, port })
    const end = (result: 'success' | 'failure', output: string) => {
      socket.destroy()
      resolve({ result, output })
    }
    signal.addEventListener('abort', () => end('failure', `dial tcp ${where}: i/o timeout`), { once: true })
    socket.on('connect', () => end('success', ''))
    socket.on('error', (error) => end('failure', dialError(error, new URL(`tcp://${where}`))))
  })
}

async function grpcProbe(
  action: DeepReadonly<GRPCAction>,
  signal: AbortSignal,
  subject: ProbeSubject,
): Promise<ProbeOutcome> {
  const address = subject.podIP.includes(':') ? `[${subject.podIP}]:${action.port}` : `${subject.podIP}:${action.port}`
  const status = await checkGrpcHealth(address, action.service ?? '', signal, subject.version)
  if (status === 'SERVING') return { result: 'success', output: `service healthy` }
  return { result: 'failure', output: `service unhealthy (responded with "${status}")` }
}
