// Containers of pods and pod templates.

import type {
  Container,
  ContainerState,
  ContainerStatus,
  EnvVar,
  Probe,
  ResourceRequirements,
} from '../../api/generated/core-v1.ts'
import { quote } from '../../machinery/go/format.ts'
import { compareBytes } from '../../machinery/go/value.ts'
import { quantityMilli, quantityValue } from '../../machinery/quantity.ts'
import { boolText, dateText, joinHostPort, quantityText, sortedKeys } from './format.ts'
import type { PrefixWriter } from './writer.ts'

/** A list of containers and what is known of each. */
export interface ContainerList {
  readonly label: string
  readonly containers: readonly Container[]
  readonly statuses?: readonly ContainerStatus[] | undefined
  /** The value of a field of the pod; absent for templates. */
  readonly fieldValue?: (path: string) => string
  /** Empty for pods, two spaces for templates. */
  readonly space: string
}

/** Writes a list of containers. */
export function printContainers(w: PrefixWriter, list: ContainerList): void {
  const { label, containers, statuses = [], fieldValue, space } = list
  w.line(0, `${space}${label}:${containers.length === 0 ? ' <none>' : ''}`)
  for (const container of containers) {
    const status = statuses.findLast((s) => s.name === container.name)
    printBasics(w, container, status, space)
    printTextLines(w, 'Command', container.command)
    printTextLines(w, 'Args', container.args)
    if (status) {
      printState(w, 'State', status.state)
      if (status.lastState?.terminated) printState(w, 'Last State', status.lastState)
      w.line(2, `Ready:\t${boolText(status.ready)}`)
      w.line(2, `Restart Count:\t${status.restartCount ?? 0}`)
    }
    printResources(w, container.resources, 2)
    if (container.livenessProbe) w.line(2, `Liveness:\t${probeText(container.livenessProbe)}`)
    if (container.readinessProbe) w.line(2, `Readiness:\t${probeText(container.readinessProbe)}`)
    if (container.startupProbe) w.line(2, `Startup:\t${probeText(container.startupProbe)}`)
    printEnvironmentSources(w, container)
    printEnvironment(w, container, fieldValue)
    printMounts(w, container)
  }
}

function printBasics(w: PrefixWriter, container: Container, status: ContainerStatus | undefined, space: string): void {
  w.line(1, `${space === '' ? '' : ' '}${container.name}:`)
  if (status) w.line(2, `Container ID:\t${status.containerID ?? ''}`)
  w.line(2, `Image:\t${container.image ?? ''}`)
  if (status) w.line(2, `Image ID:\t${status.imageID ?? ''}`)
  printPorts(
    w,
    'Port',
    portTexts(container, (port) => port.containerPort),
  )
  printPorts(
    w,
    'Host Port',
    portTexts(container, (port) => port.hostPort ?? 0),
  )
  const seccomp = container.securityContext?.seccompProfile
  if (!seccomp) return
  w.line(2, `SeccompProfile:\t${seccomp.type}`)
  if (seccomp.type === 'Localhost') w.line(3, `LocalhostProfile:\t${seccomp.localhostProfile ?? ''}`)
}

type Port = NonNullable<Container['ports']>[number]

function portTexts(container: Container, number: (port: Port) => number): string {
  return (container.ports ?? [])
    .map((port) => `${number(port)}/${port.protocol ?? ''}${port.name ? ` (${port.name})` : ''}`)
    .join(', ')
}

function printPorts(w: PrefixWriter, label: string, ports: string): void {
  w.line(2, ports.includes(',') ? `${label}s:\t${ports}` : `${label}:\t${ports || '<none>'}`)
}

function printTextLines(w: PrefixWriter, title: string, texts: readonly string[] = []): void {
  if (texts.length === 0) return
  w.line(2, `${title}:`)
  for (const text of texts) for (const line of text.split('\n')) w.line(3, line)
}

function printState(w: PrefixWriter, title: string, state: ContainerState | undefined): void {
  if (state?.running) {
    w.line(2, `${title}:\tRunning`)
    w.line(3, `Started:\t${dateText(state.running.startedAt)}`)
  } else if (state?.terminated && !state.waiting) {
    const { reason, message, exitCode, signal = 0, startedAt, finishedAt } = state.terminated
    w.line(2, `${title}:\tTerminated`)
    if (reason) w.line(3, `Reason:\t${reason}`)
    if (message) w.line(3, `Message:\t${message}`)
    w.line(3, `Exit Code:\t${exitCode}`)
    if (signal > 0) w.line(3, `Signal:\t${signal}`)
    w.line(3, `Started:\t${dateText(startedAt)}`)
    w.line(3, `Finished:\t${dateText(finishedAt)}`)
  } else {
    w.line(2, `${title}:\tWaiting`)
    if (state?.waiting?.reason) w.line(3, `Reason:\t${state.waiting.reason}`)
  }
}

/** Limits and requests. */
export function printResources(w: PrefixWriter, resources: ResourceRequirements | undefined, level: number): void {
  for (const [title, list] of [
    ['Limits', resources?.limits],
    ['Requests', resources?.requests],
  ] as const) {
    const names = sortedKeys(list)
    if (names.length > 0) w.line(level, `${title}:`)
    for (const name of names) w.line(level + 1, `${name}:\t${quantityText(list?.[name])}`)
  }
}

/** A probe in one line. */
export function probeText(probe: Probe): string {
  const timing = `delay=${probe.initialDelaySeconds ?? 0}s timeout=${probe.timeoutSeconds ?? 0}s period=${probe.periodSeconds ?? 0}s`
  const attributes = `${timing} #success=${probe.successThreshold ?? 0} #failure=${probe.failureThreshold ?? 0}`
  if (probe.exec) return `exec [${(probe.exec.command ?? []).join(' ')}] ${attributes}`
  if (probe.httpGet) {
    const { scheme = '', host = '', port, path = '' } = probe.httpGet
    const rooted = path === '' || path.startsWith('/') ? path : `/${path}`
    const prefix = scheme === '' ? '' : `${scheme.toLowerCase()}:`
    return `http-get ${prefix}//${joinHostPort(host, port)}${escapePath(rooted)} ${attributes}`
  }
  if (probe.tcpSocket) return `tcp-socket ${probe.tcpSocket.host ?? ''}:${probe.tcpSocket.port} ${attributes}`
  if (probe.grpc) return `grpc <pod>:${probe.grpc.port} ${probe.grpc.service ?? ''} ${attributes}`
  return `unknown ${attributes}`
}

/** Escapes what cannot stand in the path of a URL. */
function escapePath(path: string): string {
  return path.replace(/[^A-Za-z0-9\-_.~$&+,/:;=@!*'()[\]]/gu, (char) => encodeURIComponent(char))
}

function printEnvironmentSources(w: PrefixWriter, container: Container): void {
  const sources = container.envFrom ?? []
  if (sources.length === 0) return
  w.line(2, 'Environment Variables from:')
  for (const { configMapRef, secretRef, prefix } of sources) {
    const source = configMapRef ?? secretRef
    const from = configMapRef ? 'ConfigMap' : secretRef ? 'Secret' : ''
    const withPrefix = prefix ? ` with prefix '${prefix}'` : ''
    w.line(3, `${source?.name ?? ''}\t${from}${withPrefix}\tOptional: ${source?.optional ?? false}`)
  }
}

function printEnvironment(w: PrefixWriter, container: Container, fieldValue: ContainerList['fieldValue']): void {
  const variables = container.env ?? []
  w.line(2, `Environment:${variables.length === 0 ? '\t<none>' : ''}`)
  for (const variable of variables) {
    if (variable.valueFrom) printReference(w, variable, container, fieldValue)
    else {
      const [first, ...more] = (variable.value ?? '').split('\n')
      w.line(3, `${variable.name}:\t${first}`)
      for (const line of more) w.line(3, `\t${line}`)
    }
  }
}

function printReference(
  w: PrefixWriter,
  { name, valueFrom }: EnvVar,
  container: Container,
  fieldValue: ContainerList['fieldValue'],
): void {
  if (valueFrom?.fieldRef) {
    const { apiVersion = '', fieldPath } = valueFrom.fieldRef
    w.line(3, `${name}:\t${fieldValue?.(fieldPath) ?? ''} (${apiVersion}:${fieldPath})`)
  } else if (valueFrom?.resourceFieldRef) {
    const { resource, divisor } = valueFrom.resourceFieldRef
    const amount = resourceValue(container, resource, divisor)
    const limit = resource === 'limits.cpu' || resource === 'limits.memory'
    w.line(3, `${name}:\t${amount === '0' && limit ? 'node allocatable' : amount} (${resource})`)
  } else if (valueFrom?.secretKeyRef) {
    const { key, name: secret = '', optional = false } = valueFrom.secretKeyRef
    w.line(3, `${name}:\t<set to the key '${key}' in secret '${secret}'>\tOptional: ${optional}`)
  } else if (valueFrom?.configMapKeyRef) {
    const { key, name: configMap = '', optional = false } = valueFrom.configMapKeyRef
    w.line(3, `${name}:\t<set to the key '${key}' of config map '${configMap}'>\tOptional: ${optional}`)
  }
}

const COUNTED = new Set(['cpu', 'memory', 'ephemeral-storage'])

/** The amount a variable is given of the container's resources; empty for one that has none. */
function resourceValue(container: Container, resource: string, divisor: string | number | undefined): string {
  const [, list, name = ''] = /^(limits|requests)\.(.+)$/.exec(resource) ?? []
  if (!list || !(COUNTED.has(name) || name.startsWith('hugepages-'))) return ''
  const amounts = list === 'limits' ? container.resources?.limits : container.resources?.requests
  const amount = amounts?.[name] ?? '0'
  const unit = divisor === undefined || quantityMilli(divisor) === 0 ? '1' : divisor
  const measure = name === 'cpu' ? quantityMilli : quantityValue
  return String(Math.ceil(measure(amount) / measure(unit)))
}

function printMounts(w: PrefixWriter, container: Container): void {
  const none = (container.volumeMounts ?? []).length === 0 ? '\t<none>' : ''
  w.line(2, `Mounts:${none}`)
  for (const mount of [...(container.volumeMounts ?? [])].sort((a, b) => compareBytes(a.mountPath, b.mountPath))) {
    const path = mount.subPath ? `,path=${quote(mount.subPath)}` : ''
    w.line(3, `${mount.mountPath} from ${mount.name} (${mount.readOnly ? 'ro' : 'rw'}${path})`)
  }
  const devices = [...(container.volumeDevices ?? [])].sort((a, b) => compareBytes(a.devicePath, b.devicePath))
  if (devices.length > 0) w.line(2, `Devices:${none}`)
  for (const device of devices) w.line(3, `${device.devicePath} from ${device.name}`)
}
