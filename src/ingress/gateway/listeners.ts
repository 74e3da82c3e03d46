// Decides what becomes of the listeners of all gateways: which can be served, on which port, with which certificate.

import { X509Certificate } from 'node:crypto'
import { keyOf } from '../../client/informer.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import type { ModelFile } from '../model.ts'
import { certificateFile } from '../secrets.ts'
import { type Finding, no, yes } from './conditions.ts'
import { byAge, type GatewayInput, isGranted, selects } from './lookups.ts'
import { GATEWAY_GROUP } from './names.ts'
import type { Gateway, GatewayListener, RouteKind } from './types.ts'

/** One listener and what was decided about it. */
export interface DecidedListener {
  readonly gateway: DeepReadonly<Gateway>
  readonly spec: DeepReadonly<GatewayListener>
  /** Lower case; empty for every host. */
  readonly hostname: string
  /** Where nginx listens for it. */
  readonly port: number
  readonly tls: boolean
  readonly supportedKinds: readonly RouteKind[]
  readonly certificates: readonly ModelFile[]
  /** In the order in which they are shown: Accepted, Conflicted, ResolvedRefs, Programmed. */
  readonly findings: readonly Finding[]
  readonly programmed: boolean
}

const PROTOCOLS: Readonly<Record<string, { readonly tls: boolean }>> = { HTTP: { tls: false }, HTTPS: { tls: true } }
/** HTTP/2, which gRPC needs, is for TLS alone: nginx cannot tell it from HTTP/1.1 on a plain port. */
const KINDS = { plain: ['HTTPRoute'], tls: ['HTTPRoute', 'GRPCRoute'] }

/** Decides about the listeners of gateways of our classes. The oldest gateway has a port that two want differently. */
export function decideListeners(
  input: GatewayInput,
  ours: readonly DeepReadonly<Gateway>[],
  references: Set<string>,
): DecidedListener[] {
  const protocolOf = new Map<number, boolean>([
    [input.httpPort, false],
    [input.httpsPort, true],
  ])
  const decided: DecidedListener[] = []
  for (const gateway of [...ours].sort(byAge)) {
    for (const spec of gateway.spec.listeners) {
      decided.push(decide(input, gateway, spec, { protocolOf, references }))
    }
  }
  return decided
}

function decide(
  input: GatewayInput,
  gateway: DeepReadonly<Gateway>,
  spec: DeepReadonly<GatewayListener>,
  shared: { readonly protocolOf: Map<number, boolean>; readonly references: Set<string> },
): DecidedListener {
  const tls = PROTOCOLS[spec.protocol]?.tls ?? false
  const port = servedPort(input, spec.port, tls)
  const conflict = conflictOf(gateway, spec)
  const refused = unacceptable(input, spec, { tls, port, protocolOf: shared.protocolOf })
  if (!conflict && !refused) shared.protocolOf.set(port, tls)
  const { supportedKinds, wrongKinds } = kindsOf(spec, tls ? KINDS.tls : KINDS.plain)
  const { certificates, problem } = tls ? certificatesOf(input, gateway, spec, shared.references) : NO_CERTIFICATES
  const unresolved = wrongKinds ?? problem
  const programmed =
    !conflict &&
    !refused &&
    unusableAddress(input, gateway) === undefined &&
    (!tls || certificates.length > 0) &&
    supportedKinds.length > 0
  return {
    gateway,
    spec,
    hostname: (spec.hostname ?? '').toLowerCase(),
    port,
    tls,
    supportedKinds,
    certificates,
    programmed,
    findings: [
      refused ?? (conflict ? no('Accepted', conflict.reason, conflict.message) : yes('Accepted', 'Accepted')),
      conflict ?? no('Conflicted', 'NoConflicts', ''),
      unresolved ?? yes('ResolvedRefs', 'ResolvedRefs'),
      programmed
        ? yes('Programmed', 'Programmed', port === spec.port ? '' : `port ${spec.port} is served on port ${port}`)
        : no('Programmed', 'Invalid', 'the listener is not served'),
    ],
  }
}

const NO_CERTIFICATES: { certificates: ModelFile[]; problem?: Finding } = { certificates: [] }

/** An address that a gateway asks for and that this cluster does not have. */
export function unusableAddress(
  { addresses }: Pick<GatewayInput, 'addresses'>,
  { spec }: DeepReadonly<Gateway>,
): string | undefined {
  const wanted = (spec.addresses ?? []).flatMap(({ value }) => (value ? [value] : []))
  return wanted.find((value) => !addresses.includes(value))
}

/** The usual ports are where the cluster has them, which is elsewhere when others have them. */
export function servedPort(
  { httpPort, httpsPort }: Pick<GatewayInput, 'httpPort' | 'httpsPort'>,
  port: number,
  tls: boolean,
): number {
  if (port === 80 && !tls) return httpPort
  return port === 443 && tls ? httpsPort : port
}

/** Listeners of one gateway that no client could tell apart. */
function conflictOf(gateway: DeepReadonly<Gateway>, spec: DeepReadonly<GatewayListener>): Finding | undefined {
  const others = gateway.spec.listeners.filter((other) => other.name !== spec.name && other.port === spec.port)
  const protocol = others.find((other) => other.protocol !== spec.protocol)
  if (protocol) {
    return yes(
      'Conflicted',
      'ProtocolConflict',
      `listener ${JSON.stringify(protocol.name)} has protocol ${protocol.protocol} on port ${spec.port}`,
    )
  }
  const hostname = (listener: DeepReadonly<GatewayListener>) => (listener.hostname ?? '').toLowerCase()
  const host = others.find((other) => hostname(other) === hostname(spec))
  if (!host) return undefined
  return yes(
    'Conflicted',
    'HostnameConflict',
    `listener ${JSON.stringify(host.name)} has the same hostname on port ${spec.port}`,
  )
}

function unacceptable(
  input: GatewayInput,
  spec: DeepReadonly<GatewayListener>,
  { tls, port, protocolOf }: { tls: boolean; port: number; protocolOf: ReadonlyMap<number, boolean> },
): Finding | undefined {
  if (!PROTOCOLS[spec.protocol]) {
    return no(
      'Accepted',
      'UnsupportedProtocol',
      `protocol ${JSON.stringify(spec.protocol)} is not supported: expected HTTP or HTTPS`,
    )
  }
  if (tls && (spec.tls?.mode ?? 'Terminate') !== 'Terminate') {
    return no('Accepted', 'UnsupportedValue', 'TLS mode Passthrough is not supported: expected Terminate')
  }
  if (protocolOf.has(port) && protocolOf.get(port) !== tls) {
    return no('Accepted', 'PortUnavailable', `port ${port} is served with protocol ${tls ? 'HTTP' : 'HTTPS'}`)
  }
  if (input.takenPorts?.has(port)) {
    return no('Accepted', 'PortUnavailable', `port ${port} is in use by another program`)
  }
  return undefined
}

function kindsOf({ allowedRoutes }: DeepReadonly<GatewayListener>, kinds: readonly string[]) {
  const wanted = allowedRoutes?.kinds ?? []
  if (wanted.length === 0) return { supportedKinds: kinds.map((kind) => ({ group: GATEWAY_GROUP, kind })) }
  const known = wanted.filter(({ group, kind }) => (group ?? GATEWAY_GROUP) === GATEWAY_GROUP && kinds.includes(kind))
  const supportedKinds = known.map(({ kind }) => ({ group: GATEWAY_GROUP, kind }))
  if (known.length === wanted.length) return { supportedKinds }
  const names = wanted.filter((kind) => !known.includes(kind)).map(({ kind }) => kind)
  const message = `routes of kind ${names.join(', ')} are not supported: expected ${kinds.join(', ')}`
  return { supportedKinds, wrongKinds: no('ResolvedRefs', 'InvalidRouteKinds', message) }
}

function certificatesOf(
  input: GatewayInput,
  gateway: DeepReadonly<Gateway>,
  spec: DeepReadonly<GatewayListener>,
  references: Set<string>,
): { certificates: ModelFile[]; problem?: Finding } {
  const certificates: ModelFile[] = []
  let problem: Finding | undefined
  const refs = spec.tls?.certificateRefs ?? []
  if (refs.length === 0) {
    return { certificates, problem: no('ResolvedRefs', 'InvalidCertificateRef', 'tls.certificateRefs is required') }
  }
  for (const ref of refs) {
    const namespace = ref.namespace ?? gateway.metadata.namespace
    const key = `${namespace}/${ref.name}`
    if ((ref.group ?? '') !== '' || (ref.kind ?? 'Secret') !== 'Secret') {
      const message = `certificate reference to ${ref.kind} ${JSON.stringify(key)} is not supported: expected a Secret`
      problem ??= no('ResolvedRefs', 'InvalidCertificateRef', message)
      continue
    }
    const from = { kind: 'Gateway', namespace: gateway.metadata.namespace }
    if (!isGranted(input.grants, from, { kind: 'Secret', namespace, name: ref.name })) {
      const message = `secret ${JSON.stringify(key)} is in another namespace and no ReferenceGrant permits it`
      problem ??= no('ResolvedRefs', 'RefNotPermitted', message)
      continue
    }
    references.add(`Secret/${key}`)
    const made = certificateFile(key, input.lookups.secret(key))
    const wrong = 'problem' in made ? made.problem : input.refusedFiles?.get(made.file.name)
    if (wrong === undefined && 'file' in made) certificates.push(made.file)
    else problem ??= no('ResolvedRefs', 'InvalidCertificateRef', wrong ?? '')
  }
  return { certificates, ...(problem ? { problem } : {}) }
}

/** The certificate that a host is shown: the first made for it, else the first. */
export function certificateFor(certificates: readonly ModelFile[], host: string): ModelFile | undefined {
  const name = host.replace(/^\*/, 'any')
  const fits = ({ content }: ModelFile) => name !== '' && new X509Certificate(content).checkHost(name) !== undefined
  return certificates.length > 1 ? (certificates.find(fits) ?? certificates[0]) : certificates[0]
}

/** Whether a listener lets routes of a namespace attach. */
export function allowsNamespace(
  input: Pick<GatewayInput, 'namespace'>,
  { gateway, spec }: DecidedListener,
  namespace: string,
): boolean {
  const { from = 'Same', selector } = spec.allowedRoutes?.namespaces ?? {}
  if (from === 'All') return true
  if (from === 'Same') return namespace === gateway.metadata.namespace
  return selects(selector, input.namespace(namespace)?.metadata.labels ?? {})
}

/** Names a listener among all. */
export function listenerKey({ gateway, spec }: DecidedListener): string {
  return `${keyOf(gateway)}/${spec.name}`
}
