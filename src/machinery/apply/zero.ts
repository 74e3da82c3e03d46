// What an object of a type is before anything is said of it: structs that are always there. Upstream compares a new
// object with this, so that its writer owns what the structs hold and not the structs.

import { typeOf } from '../../api/schema.ts'
import { schemaOfType } from './schema.ts'

/** Structs that upstream's types hold by value though they are not required. */
const BY_VALUE: ReadonlySet<string> = new Set([
  'DeploymentSpec.strategy',
  'StatefulSetSpec.updateStrategy',
  'DaemonSetSpec.updateStrategy',
  'PodTemplateSpec.metadata',
  'PodTemplateSpec.spec',
  'JobTemplateSpec.metadata',
  'JobTemplateSpec.spec',
  'ResourceClaimTemplateSpec.metadata',
  'ResourceClaimSpec.devices',
  'PersistentVolumeClaimTemplate.metadata',
  'ServiceStatus.loadBalancer',
  'IngressStatus.loadBalancer',
  'PersistentVolumeClaimSpec.resources',
  'NodeStatus.daemonEndpoints',
  'NodeStatus.nodeInfo',
  'NodeDaemonEndpoints.kubeletEndpoint',
  'Event.source',
])
const TOP = new Set(['metadata', 'spec', 'status', 'template'])

const cache = new Map<string, Readonly<Record<string, unknown>>>()

/** The empty object of a type of the facts. */
export function zeroOf(typeRef: string): Readonly<Record<string, unknown>> {
  const known = cache.get(typeRef)
  if (known) return known
  const made = zero(typeRef, TOP)
  cache.set(typeRef, made)
  return made
}

function zero(typeRef: string, always: ReadonlySet<string>): Record<string, unknown> {
  const { fields = {}, required = [] } = typeOf(typeRef)
  const name = typeRef.slice(typeRef.lastIndexOf('.') + 1)
  const out: Record<string, unknown> = {}
  for (const [field, schema] of Object.entries(fields)) {
    const needed = required.includes(field)
    if (schema.ref && (needed || always.has(field) || BY_VALUE.has(`${name}.${field}`))) {
      const { kind } = schemaOfType(schema.ref)
      if (kind === 'map') out[field] = zero(schema.ref, NONE)
    } else if (needed && (schema.items || schema.map)) {
      out[field] = null
    }
  }
  return out
}

const NONE: ReadonlySet<string> = new Set()
