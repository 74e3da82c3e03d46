// Which ports `kubectl port-forward` listens on and which of the pod's they lead to.
// Model: k8s.io/kubectl/pkg/cmd/portforward/portforward.go.

import { KubectlError } from '../errors.ts'
import { isObject, type KubeObject } from '../object.ts'
import { containersOf } from '../pods/containers.ts'

export interface ForwardedPort {
  /** 0: any that is free. */
  readonly local: number
  readonly remote: number
}

/** Reads `8080:80`, `:80`, `80`. Throws KubectlError. */
export function parsePorts(texts: readonly string[]): ForwardedPort[] {
  return texts.map((text) => {
    const parts = text.split(':')
    if (parts.length > 2) throw new KubectlError(`invalid port format '${text}'`)
    const [first = '', second] = parts
    const remote = second ?? first
    const local = first === '' && second !== undefined ? '0' : first
    const numbers = { local: portNumber(local, 'local'), remote: portNumber(remote, 'remote') }
    if (numbers.remote === 0) throw new KubectlError('remote port must be > 0')
    return numbers
  })
}

function portNumber(text: string, which: string): number {
  const failed = (why: string) =>
    new KubectlError(
      `error parsing ${which} port '${text}': strconv.ParseUint: parsing ${JSON.stringify(text)}: ${why}`,
    )
  if (!/^\d+$/.test(text)) throw failed('invalid syntax')
  if (Number(text) > 65_535) throw failed('value out of range')
  return Number(text)
}

/** The texts with names replaced by the pod's ports of that name. Throws KubectlError. */
export function podPorts(texts: readonly string[], pod: KubeObject): string[] {
  return texts.map((text) => {
    const [local, remote] = splitPort(text)
    if (isNumber(remote)) return text
    const number = namedPort(pod, remote)
    return local === remote ? String(number) : `${local}:${number}`
  })
}

/** The texts with ports of the service replaced by the ports of the pod that they lead to. Throws KubectlError. */
export function servicePorts(texts: readonly string[], service: KubeObject, pod: KubeObject): string[] {
  return texts.map((text) => {
    const [local, remote] = splitPort(text)
    const number = isNumber(remote) ? Number(remote) : serviceNamedPort(service, remote)
    const wanted = local === remote ? String(number) : local
    const target = String(targetPort(service, pod, number))
    return wanted === target ? target : `${wanted}:${target}`
  })
}

const isNumber = (text: string) => /^[-+]?\d+$/.test(text)

function splitPort(text: string): [local: string, remote: string] {
  const [first = '', second] = text.split(':')
  return second === undefined ? [first, first] : [first, second]
}

interface ServicePort {
  readonly name?: string
  readonly port?: number
  readonly targetPort?: number | string
}

function portsOf(service: KubeObject): ServicePort[] {
  return isObject(service.spec) && Array.isArray(service.spec.ports) ? (service.spec.ports as ServicePort[]) : []
}

function serviceNamedPort(service: KubeObject, name: string): number {
  const found = portsOf(service).find((port) => port.name === name)?.port
  if (found !== undefined) return found
  throw new KubectlError(`Service '${service.metadata?.name}' does not have a named port '${name}'`)
}

function targetPort(service: KubeObject, pod: KubeObject, number: number): number {
  const found = portsOf(service).find((port) => port.port === number)
  if (found === undefined) {
    throw new KubectlError(`Service ${service.metadata?.name} does not have a service port ${number}`)
  }
  // Without an address of its own a service does not translate ports.
  if (isObject(service.spec) && service.spec.clusterIP === 'None') return number
  if (typeof found.targetPort === 'string') return namedPort(pod, found.targetPort)
  return found.targetPort || number
}

function namedPort(pod: KubeObject, name: string): number {
  for (const container of [...containersOf(pod, 'containers'), ...containersOf(pod, 'initContainers')]) {
    const ports = Array.isArray(container.ports) ? container.ports.filter(isObject) : []
    const found = ports.find((port) => port.name === name)?.containerPort
    if (typeof found === 'number') return found
  }
  throw new KubectlError(`Pod '${pod.metadata?.name}' does not have a named port '${name}'`)
}

/** The IP addresses that `--address` names. Throws KubectlError. */
export function parseAddresses(texts: readonly string[], isIp: (text: string) => number): Address[] {
  const addresses = texts.flatMap((text): Address[] => {
    if (text === 'localhost') {
      return [
        { address: '127.0.0.1', mayFail: true },
        { address: '::1', mayFail: true },
      ]
    }
    if (isIp(text) === 0) throw new KubectlError(`${text} is not a valid IP`)
    return [{ address: text, mayFail: false }]
  })
  if (addresses.length === 0) throw new KubectlError('you must specify at least 1 address')
  return addresses.filter(({ address }, at) => addresses.findIndex((other) => other.address === address) === at)
}

export interface Address {
  readonly address: string
  /** One of the two that stand for localhost: the other may do alone. */
  readonly mayFail: boolean
}
