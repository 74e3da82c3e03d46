// Where a request through `proxy` goes: the address behind a pod, a service or a node, by the name in the URL.
// Spec: https://kubernetes.io/docs/tasks/access-application-cluster/access-cluster-services/#manually-constructing-apiserver-proxy-urls

import { isIP } from 'node:net'
import type { EndpointAddress, Endpoints, Pod, Service } from '../../api/generated/core-v1.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import { badRequest, notFound } from '../../machinery/errors.ts'
import type { RequestInfo } from '../http/request-info.ts'
import type { Registry } from '../registry/registry.ts'
import type { ForwardTarget } from './forward.ts'
import type { PodConnectEnv } from './pod-connect.ts'
import { unavailable } from './unavailable.ts'

/** TLS to whoever answers, as for pods, which have no names to check. */
const UNVERIFIED = { rejectUnauthorized: false }

/** `[scheme:]name[:port]`, taken apart. */
export interface ProxyName {
  readonly scheme: string
  readonly name: string
  readonly port: string
}

/** Undefined for text that is no such name. */
export function splitProxyName(text: string): ProxyName | undefined {
  const parts = text.split(':')
  if (parts.length === 1) return text === '' ? undefined : { scheme: '', name: text, port: '' }
  if (parts.length === 2) return named('', parts[0], parts[1])
  if (parts.length !== 3 || !['http', 'https', ''].includes(parts[0] ?? '')) return undefined
  return named(parts[0], parts[1], parts[2])
}

function named(scheme = '', name = '', port = ''): ProxyName | undefined {
  return name === '' ? undefined : { scheme, name, port }
}

export function isProxied(info: RequestInfo): boolean {
  return info.group === '' && info.subresource === 'proxy' && ['pods', 'services', 'nodes'].includes(info.resource)
}

/** Finds where the request goes. Throws a StatusError when there is nothing to go to. */
export async function proxyTarget(env: PodConnectEnv, info: RequestInfo): Promise<ForwardTarget> {
  const name = splitProxyName(info.name)
  if (!name) throw badRequest(`invalid ${info.resource.slice(0, -1)} request ${JSON.stringify(info.name)}`)
  if (info.resource === 'services') return behindService(env.registry, info.namespace, name)
  return info.resource === 'pods' ? behindPod(env.registry, info.namespace, name) : behindNode(env, name)
}

async function behindService(registry: Registry, namespace: string, wanted: ProxyName): Promise<ForwardTarget> {
  const { name } = wanted
  const [service, endpoints] = await Promise.all([
    registry.lookup<Service>('', 'services', namespace, name),
    registry.lookup<Endpoints>('', 'endpoints', namespace, name),
  ])
  if (!service) throw notFound({ group: '', resource: 'services' }, name)
  const portName = servicePortName(service, wanted.port)
  if (portName === undefined) {
    throw unavailable(`no service port ${wanted.port} found for service ${JSON.stringify(name)}`)
  }
  if (!endpoints) throw notFound({ group: '', resource: 'services' }, name)
  const places = placesOf(endpoints, portName)
  const start = Math.floor(registry.random.next() * places.length)
  for (const { address, port } of [...places.slice(start), ...places.slice(0, start)]) {
    if (await isOfItsPod(registry, namespace, address)) return target(wanted.scheme, address.ip, port)
  }
  throw unavailable(`no endpoints available for service ${JSON.stringify(name)}`)
}

/** A port number stands for the name of the service's port; undefined when the service has no such port. */
export function servicePortName(service: DeepReadonly<Service>, port: string): string | undefined {
  if (!/^\d+$/.test(port)) return port
  const found = service.spec.ports?.find((candidate) => candidate.port === Number(port))
  return found && (found.name ?? '')
}

type Address = DeepReadonly<EndpointAddress>

/** Whoever may write endpoints must not get the server to call any address: only those of pods of the namespace. */
async function isOfItsPod(registry: Registry, namespace: string, { ip, targetRef }: Address): Promise<boolean> {
  if (!targetRef || targetRef.namespace !== namespace || !isReachable(ip)) return false
  const pod = await registry.lookup<Pod>('', 'pods', namespace, targetRef.name ?? '')
  return pod?.status.podIP === ip || (pod?.status.podIPs ?? []).some((podIP) => podIP.ip === ip)
}

function placesOf(endpoints: DeepReadonly<Endpoints>, portName: string): { address: Address; port: number }[] {
  return (endpoints.subsets ?? []).flatMap((subset) => {
    const port = (subset.ports ?? []).find((candidate) => (candidate.name ?? '') === portName)
    return port ? (subset.addresses ?? []).map((address) => ({ address, port: port.port })) : []
  })
}

async function behindPod(registry: Registry, namespace: string, wanted: ProxyName): Promise<ForwardTarget> {
  const pod = await registry.lookup<Pod>('', 'pods', namespace, wanted.name)
  if (!pod) throw notFound({ group: '', resource: 'pods' }, wanted.name)
  const ip = pod.status.podIP ?? ''
  if (!isReachable(ip)) throw badRequest('address not allowed')
  const firstPort = pod.spec.containers.find((c) => (c.ports ?? []).length > 0)?.ports?.[0]?.containerPort
  const fallback = firstPort ?? (wanted.scheme === 'https' ? 443 : 80)
  const port = wanted.port === '' ? fallback : Number(wanted.port)
  if (!isPort(port)) throw badRequest(`invalid pod request ${JSON.stringify(`${wanted.name}:${wanted.port}`)}`)
  return target(wanted.scheme, ip, port)
}

/** Not this machine itself, and no address that means many: the server must not be led to its own loopback. */
function isReachable(ip: string): boolean {
  if (isIP(ip) === 4) return !/^(?:0|127|169\.254|22[4-9]|23\d|255)\./.test(ip)
  return isIP(ip) === 6 && !/^(?:::1?$|fe[89ab]|ff)/i.test(ip)
}

async function behindNode({ kubelets }: PodConnectEnv, wanted: ProxyName): Promise<ForwardTarget> {
  const kubelet = await kubelets.endpoint(wanted.name)
  if (wanted.port === '' || Number(wanted.port) === kubelet.port) return { ...kubelet }
  const port = Number(wanted.port)
  if (!isPort(port)) throw badRequest(`invalid node request ${JSON.stringify(`${wanted.name}:${wanted.port}`)}`)
  if (!isReachable(kubelet.host)) throw badRequest('address not allowed')
  return target(wanted.scheme, kubelet.host, port)
}

function target(scheme: string, host: string, port: number): ForwardTarget {
  return { host, port, ...(scheme === 'https' ? { tls: UNVERIFIED } : {}) }
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port < 65536
}
