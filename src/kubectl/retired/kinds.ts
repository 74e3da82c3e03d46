// One conversion for each kind that v1beta1, v1beta2 and v1beta3 had.

import { splitMetadata } from './metadata.ts'
import { defined, filled, isRecord, type Json, type Notes, record, records } from './notes.ts'
import { convertSource, convertSpec, type Style, specOfState } from './pod.ts'
import { type FirstPort, serviceSpec, serviceSpecOfFields, subsetsOf } from './service.ts'

/** What a conversion is given beside the object. */
export interface KindContext {
  readonly style: Style
  readonly notes: Notes
  readonly firstPort: FirstPort
}

type Convert = (metadata: Json, rest: Json, context: KindContext) => Json

const pod: Convert = (metadata, rest, { style, notes }) => {
  const { desiredState, spec, currentState: _, status: __, ...beside } = rest
  const converted = isRecord(desiredState)
    ? specOfState(desiredState, beside, notes)
    : convertSpec(record(spec), style, notes)
  return { metadata, spec: converted }
}

/** A template's labels are what the selector chooses, where one of the two is missing. */
function template(old: Json, selector: Json, style: Style, notes: Notes): Json {
  if (isRecord(old.desiredState)) {
    const { metadata, rest } = splitMetadata(old, notes)
    if (!filled(metadata.labels) && filled(selector)) metadata.labels = selector
    return { metadata: withoutName(metadata), spec: specOfState(old.desiredState, rest, notes) }
  }
  const metadata = { ...record(old.metadata) }
  if (!filled(metadata.labels) && filled(selector)) metadata.labels = selector
  return { metadata, spec: convertSpec(record(old.spec), style, notes) }
}

function withoutName({ name: _, ...metadata }: Json): Json {
  return metadata
}

const controller: Convert = (metadata, rest, { style, notes }) => {
  const state = record(rest.desiredState)
  if (isRecord(rest.desiredState)) {
    notes.moved('desiredState.replicas', 'spec.replicas')
    notes.moved('desiredState.replicaSelector', 'spec.selector')
    notes.moved('desiredState.podTemplate', 'spec.template')
    const selector = record(state.replicaSelector)
    const made = template(record(state.podTemplate), selector, style, notes)
    const labels = record(made.metadata).labels
    return {
      metadata,
      spec: defined({
        replicas: state.replicas,
        selector: filled(selector) ? selector : labels,
        template: made,
      }),
    }
  }
  const spec = record(rest.spec)
  return { metadata, spec: { ...spec, template: template(record(spec.template), record(spec.selector), style, notes) } }
}

const service: Convert = (metadata, rest, { notes, firstPort }) => {
  const { spec, status: _, ...fields } = rest
  if (isRecord(spec)) return { metadata, spec: serviceSpec(spec, notes) }
  return { metadata, spec: serviceSpecOfFields(fields, firstPort, notes) }
}

const endpoints: Convert = (metadata, rest, { notes }) => ({ metadata, subsets: subsetsOf(rest, notes) })

const node: Convert = (metadata, rest, { notes }) => {
  const { resources, spec, status, hostIP, podCIDR, externalID, unschedulable } = rest
  const { externalID: old, ...today } = record(spec)
  if (filled(externalID ?? old)) notes.say('externalID is left out: nodes have no such field any more')
  const capacity = record(resources).capacity ?? record(status).capacity
  const addresses = filled(hostIP) ? [{ type: 'InternalIP', address: hostIP }] : record(status).addresses
  if (filled(hostIP)) notes.moved('hostIP', 'status.addresses')
  return {
    metadata,
    spec: defined({ ...today, podCIDR: podCIDR ?? today.podCIDR, unschedulable: unschedulable ?? today.unschedulable }),
    ...(capacity || addresses ? { status: defined({ capacity, addresses }) } : {}),
  }
}

const persistentVolume: Convert = (metadata, rest, { notes }) => ({
  metadata,
  spec: convertSource(record(rest.spec), notes),
})

const event: Convert = (metadata, rest, { notes }) => {
  const { source, host, timestamp, status: _, ...others } = rest
  if (filled(timestamp)) notes.moved('timestamp', 'firstTimestamp, lastTimestamp')
  const component = typeof source === 'string' ? { component: source } : record(source)
  return defined({
    metadata,
    ...others,
    source: filled(component) || filled(host) ? defined({ ...component, host: component.host ?? host }) : undefined,
    firstTimestamp: others.firstTimestamp ?? timestamp,
    lastTimestamp: others.lastTimestamp ?? timestamp,
  })
}

/** Kinds of which only the metadata moved. */
const plain: Convert = (metadata, { status: _, currentState: __, ...rest }) => ({ metadata, ...rest })

interface Kind {
  readonly kind: string
  readonly convert: Convert
}

const as = (kind: string, convert: Convert): Kind => ({ kind, convert })

const KINDS: Readonly<Record<string, Kind>> = {
  Pod: as('Pod', pod),
  ReplicationController: as('ReplicationController', controller),
  Service: as('Service', service),
  Endpoints: as('Endpoints', endpoints),
  Minion: as('Node', node),
  Node: as('Node', node),
  Event: as('Event', event),
  PersistentVolume: as('PersistentVolume', persistentVolume),
}

/** The object of today. `kind` is its old kind. */
export function convertKind(kind: string, object: Json, context: KindContext): Json {
  const { kind: now, convert } = KINDS[kind] ?? as(kind, plain)
  if (now !== kind) context.notes.moved(`kind: ${kind}`, `kind: ${now}`)
  const { metadata, rest } = splitMetadata(object, context.notes)
  return { apiVersion: 'v1', kind: now, ...convert(metadata, rest, context) }
}

/** The first container port of a pod's spec of today. */
export function firstContainerPort(spec: Json): number | undefined {
  for (const container of records(spec.containers)) {
    const port = records(container.ports)[0]?.containerPort
    if (typeof port === 'number') return port
  }
  return undefined
}
