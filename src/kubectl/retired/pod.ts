// Pods as v1beta1, v1beta2 (a manifest in a desired state) and v1beta3 (nearly today's spec) had them.

import { dnsLabel, portLabel } from './metadata.ts'
import { defined, filled, isRecord, type Json, type Notes, record, records, rename } from './notes.ts'

/** How the old version is read: `manifest` for v1beta1 and v1beta2, `spec` for v1beta3. */
export type Style = 'manifest' | 'spec'

const RESTART: Readonly<Record<string, string>> = { always: 'Always', onfailure: 'OnFailure', never: 'Never' }
const PULL: Readonly<Record<string, string>> = {
  PullAlways: 'Always',
  PullIfNotPresent: 'IfNotPresent',
  PullNever: 'Never',
}
const MILLICORES = /^\d+$/

/** The spec of today from a pod's `desiredState`, with what stood beside it. */
export function specOfState(state: Json, beside: Json, notes: Notes): Json {
  const manifest = record(state.manifest)
  notes.moved('desiredState.manifest', 'spec')
  const { version: _, id: __, uuid: ___, ...rest } = manifest
  const host = state.host ?? rest.host
  delete rest.host
  const spec = convertSpec(rest, 'manifest', notes)
  if (filled(host)) notes.moved('desiredState.host', 'spec.nodeName')
  if (filled(beside.nodeSelector)) notes.moved('nodeSelector', 'spec.nodeSelector')
  return defined({
    ...spec,
    nodeName: filled(host) ? host : spec.nodeName,
    nodeSelector: filled(beside.nodeSelector) ? beside.nodeSelector : spec.nodeSelector,
  })
}

/** A pod's spec of today. */
export function convertSpec(old: Json, style: Style, notes: Notes): Json {
  const spec = rename(rename(old, 'host', 'nodeName', notes), 'serviceAccount', 'serviceAccountName', notes)
  const { containers, volumes, restartPolicy, ...rest } = spec
  return defined({
    ...rest,
    containers: records(containers).map((container) => convertContainer(container, style, notes)),
    volumes: Array.isArray(volumes) ? records(volumes).map((volume) => convertVolume(volume, notes)) : undefined,
    restartPolicy: convertRestartPolicy(restartPolicy, notes),
  })
}

function convertRestartPolicy(policy: unknown, notes: Notes): unknown {
  if (!isRecord(policy)) return typeof policy === 'string' ? (RESTART[policy.toLowerCase()] ?? policy) : undefined
  const name = Object.keys(policy)[0]?.toLowerCase()
  if (name === undefined) return undefined
  notes.moved(`restartPolicy: {${name}: {}}`, `spec.restartPolicy: ${RESTART[name] ?? name}`)
  return RESTART[name]
}

/** A container of today. */
function convertContainer(old: Json, style: Style, notes: Notes): Json {
  const { name, ports, env, volumeMounts, imagePullPolicy, privileged, capabilities, securityContext, ...others } = old
  const { cpu, memory, resources, ...rest } = others
  const commands = style === 'manifest' ? convertCommand(rest, notes) : rest
  if (filled(privileged)) notes.moved('privileged', 'securityContext.privileged')
  if (filled(capabilities)) notes.moved('capabilities', 'securityContext.capabilities')
  const security = {
    ...(filled(privileged) ? { privileged } : {}),
    ...(filled(capabilities) ? { capabilities } : {}),
    ...record(securityContext),
  }
  return defined({
    ...commands,
    name: name === undefined ? undefined : dnsLabel(name, 'container name', notes),
    ports: Array.isArray(ports) ? records(ports).map((port) => convertPort(port, notes)) : undefined,
    env: Array.isArray(env) ? records(env).map((variable) => rename(variable, 'key', 'name', notes)) : undefined,
    volumeMounts: Array.isArray(volumeMounts)
      ? records(volumeMounts).map((mount) => convertMount(mount, notes))
      : undefined,
    imagePullPolicy: typeof imagePullPolicy === 'string' ? (PULL[imagePullPolicy] ?? imagePullPolicy) : undefined,
    resources: convertResources({ cpu, memory }, resources, notes),
    securityContext: filled(security) ? security : undefined,
  })
}

/** What was called the command are today's arguments; the command was called the entrypoint. */
function convertCommand(container: Json, notes: Notes): Json {
  const { command, entrypoint, ...rest } = container
  if (command !== undefined) notes.moved('command', 'args')
  if (entrypoint !== undefined) notes.moved('entrypoint', 'command')
  return defined({ ...rest, command: entrypoint, args: command ?? rest.args })
}

function convertPort(old: Json, notes: Notes): Json {
  const { name, protocol, hostPort, ...rest } = old
  return defined({
    name: filled(name) ? portLabel(name, notes) : undefined,
    ...rest,
    // Zero meant none.
    hostPort: hostPort === 0 ? undefined : hostPort,
    protocol: typeof protocol === 'string' ? protocol.toUpperCase() : undefined,
  })
}

function convertMount(old: Json, notes: Notes): Json {
  const { mountType: _, ...mount } = rename(old, 'path', 'mountPath', notes)
  return mount.name === undefined ? mount : { ...mount, name: dnsLabel(mount.name, 'volume name', notes) }
}

/** Limits were two numbers: thousandths of a core, and bytes. */
function convertResources(old: { cpu: unknown; memory: unknown }, resources: unknown, notes: Notes): Json | undefined {
  const given = record(resources)
  const limits: Json = { ...record(given.limits) }
  if (filled(old.cpu) && old.cpu !== 0) {
    notes.moved('cpu', 'resources.limits.cpu')
    limits.cpu ??= MILLICORES.test(String(old.cpu)) ? `${String(old.cpu)}m` : old.cpu
  }
  if (filled(old.memory) && old.memory !== 0) {
    notes.moved('memory', 'resources.limits.memory')
    limits.memory ??= String(old.memory)
  }
  const out = { ...given, ...(filled(limits) ? { limits } : {}) }
  return filled(out) ? out : undefined
}

const SOURCES: Readonly<Record<string, string>> = { hostDir: 'hostPath', persistentDisk: 'gcePersistentDisk' }

/** A volume of today: its source stands beside its name. */
function convertVolume(old: Json, notes: Notes): Json {
  const { name, source, ...rest } = old
  const sources: Json = { ...rest, ...record(source) }
  if (isRecord(source)) notes.moved('volumes[].source', 'volumes[]')
  const converted = convertSource(sources, notes)
  if (Object.keys(converted).length === 0) {
    // A volume without a source was an empty directory.
    converted.emptyDir = {}
  }
  return { ...(name === undefined ? {} : { name: dnsLabel(name, 'volume name', notes) }), ...converted }
}

/** The sources of a volume or a persistent volume under the names of today. */
export function convertSource(sources: Json, notes: Notes): Json {
  const out: Json = {}
  for (const [kind, value] of Object.entries(sources)) {
    if (value === null || value === undefined) continue
    const now = SOURCES[kind] ?? kind
    if (now !== kind) notes.moved(kind, now)
    out[now] = now === 'secret' ? convertSecretSource(record(value), notes) : value
  }
  return out
}

function convertSecretSource(secret: Json, notes: Notes): Json {
  const { target, ...rest } = secret
  if (!isRecord(target)) return rest
  notes.moved('secret.target.name', 'secret.secretName')
  return { ...rest, secretName: target.name }
}
