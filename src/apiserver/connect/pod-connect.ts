// The connect subresources of pods: log, exec, attach, port-forward. The kubelet does the work, the server passes on.

import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Node, Pod } from '../../api/generated/core-v1.ts'
import { badRequest, notFound, StatusError } from '../../machinery/errors.ts'
import type { Request, Response } from '../http/exchange.ts'
import type { RequestInfo } from '../http/request-info.ts'
import { NOT_KEPT } from '../http/respond.ts'
import type { Registry } from '../registry/registry.ts'
import { containerOf } from './container-of.ts'
import type { KubeletConnector } from './kubelet-connection.ts'
import { checkLogOptions } from './log-options.ts'
import { passUpgrade } from './pass-upgrade.ts'

const pods = { group: '', resource: 'pods' }
const LOG_PARAMETERS = ['follow', 'previous', 'sinceSeconds', 'sinceTime', 'timestamps', 'tailLines', 'limitBytes']
const EXEC_PARAMETERS = ['stdin', 'stdout', 'stderr', 'tty']
const MAX_ERROR = 64 * 1024

export interface PodConnectEnv {
  readonly registry: Registry
  readonly kubelets: KubeletConnector
}

async function podOf(env: PodConnectEnv, info: RequestInfo): Promise<Pod> {
  const pod = await env.registry.lookup<Pod>('', 'pods', info.namespace, info.name)
  if (!pod) throw notFound(pods, info.name)
  return pod
}

async function scheduledNode(env: PodConnectEnv, { metadata, spec }: Pod): Promise<string> {
  const { nodeName } = spec
  if (!nodeName) throw badRequest(`pod ${metadata.name} does not have a host assigned`)
  // Upstream takes what is missing for a pod, as that is what was asked for.
  if (!(await env.registry.lookup<Node>('', 'nodes', '', nodeName))) throw notFound(pods, nodeName)
  return nodeName
}

/** Serves `pods/log`. */
export async function servePodLog(
  env: PodConnectEnv,
  request: Request,
  response: Response,
  info: RequestInfo,
): Promise<void> {
  checkLogOptions(info)
  const pod = await podOf(env, info)
  const container = containerOf(pod, info.query.get('container'))
  if (!pod.spec.nodeName) {
    // Nothing has run yet, and nothing is what there is to read. Model: LogLocation.
    response.writeHead(204, { 'cache-control': NOT_KEPT })
    response.end()
    return
  }
  const query = new URLSearchParams()
  for (const name of LOG_PARAMETERS) {
    const value = info.query.get(name)
    if (value !== null) query.set(name, value)
  }
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  const path = `/containerLogs/${info.namespace}/${pod.metadata.name}/${container}?${query}`
  const answer = await env.kubelets.request(await scheduledNode(env, pod), { method: 'GET', path, signal: gone.signal })
  if (answer.statusCode !== 200) throw await passedOn(answer)
  response.writeHead(200, { 'content-type': 'text/plain' })
  try {
    for await (const chunk of answer) {
      if (gone.signal.aborted) return
      if (!response.write(chunk)) await drained(response, gone.signal)
    }
    response.end()
  } catch (error) {
    // A client that has read enough hangs up; that is no failure.
    if (!gone.signal.aborted) throw error
  }
  request.resume()
}

/** Resolves when the client has taken what was written, or is gone. */
function drained(response: Response, gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    response.on('drain', resolve)
    gone.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** A kubelet's refusal as an error of the API. */
async function passedOn(answer: NodeJS.ReadableStream & { statusCode?: number | undefined }): Promise<StatusError> {
  let text = ''
  for await (const chunk of answer) {
    text += String(chunk)
    if (text.length > MAX_ERROR) break
  }
  const code = answer.statusCode ?? 500
  const reasons: Readonly<Record<number, string>> = { 400: 'BadRequest', 403: 'Forbidden', 404: 'NotFound' }
  return new StatusError({ message: text.trim(), reason: reasons[code] ?? 'InternalError', code })
}

/** Refuses whoever wants a connection without asking for another protocol, for what is wrong with the rest first. */
export async function requireUpgrade(env: PodConnectEnv, info: RequestInfo): Promise<void> {
  const { node } = await kubeletPath(env, info)
  await env.kubelets.endpoint(node)
  throw badRequest('Upgrade request required')
}

/** The kubelet's path for an upgrade request on a pod. */
async function kubeletPath(env: PodConnectEnv, info: RequestInfo): Promise<{ node: string; path: string }> {
  const pod = await podOf(env, info)
  const query = new URLSearchParams()
  const { namespace, query: given, subresource } = info
  const { name } = pod.metadata
  if (subresource === 'portforward') {
    for (const port of given.getAll('ports')) query.append('port', portOf(port))
    return { node: await scheduledNode(env, pod), path: `/portForward/${namespace}/${name}?${query}` }
  }
  const container = containerOf(pod, given.get('container'))
  const node = await scheduledNode(env, pod)
  for (const parameter of EXEC_PARAMETERS) {
    const value = given.get(parameter)
    // The kubelet's own parameters are called input, output, error.
    if (value !== null)
      query.set(
        { stdin: 'input', stdout: 'output', stderr: 'error', tty: 'tty' }[parameter] ?? parameter,
        value === 'true' ? '1' : value === '1' ? '1' : '0',
      )
  }
  for (const command of given.getAll('command')) query.append('command', command)
  return { node, path: `/${subresource}/${namespace}/${name}/${container}?${query}` }
}

/** Throws BadRequest for what is no number. Model: Convert_Slice_string_To_Slice_int32. */
function portOf(text: string): string {
  if (/^\d+$/.test(text)) return text
  throw badRequest(`cannot convert to []int32: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`)
}

const HOP_HEADERS = new Set(['host', 'authorization'])

/** Serves an upgrade on `pods/exec`, `pods/attach` or `pods/portforward`: both ends are joined byte by byte. */
export async function servePodUpgrade(
  env: PodConnectEnv,
  request: IncomingMessage,
  client: Duplex,
  head: Buffer,
  info: RequestInfo,
): Promise<void> {
  const { node, path } = await kubeletPath(env, info)
  const backend = await env.kubelets.open(node)
  const lines = [`${request.method} ${path} HTTP/1.1`, `Host: ${node}`]
  passUpgrade({ request, client, head, backend, lines, isWithheld: (name) => HOP_HEADERS.has(name) })
}
