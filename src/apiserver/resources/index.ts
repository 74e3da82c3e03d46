// Every resource that is served. Those with behaviour of their own are listed; all other stable resources of the
// facts are served by the generic machinery alone.

import { type Resource, resolveResource, stableResources } from '../registry/resource.ts'
import type { ResourceDefinition } from '../resource-definition.ts'
import { deployments } from './apps/deployment.ts'
import { replicaSets } from './apps/replica-set.ts'
import { componentStatuses } from './core/component-status.ts'
import { configMaps, secrets, serviceAccounts } from './core/config.ts'
import { endpoints } from './core/endpoints.ts'
import { events } from './core/event.ts'
import { namespaces } from './core/namespace.ts'
import { nodes } from './core/node.ts'
import { pods } from './core/pod.ts'
import { replicationControllers } from './core/replication-controller.ts'
import { services } from './core/service.ts'
import { withLegacyVersions } from './legacy/index.ts'
import { otherDefinitions } from './other/index.ts'

const definitions: readonly ResourceDefinition[] = [
  namespaces,
  nodes,
  pods,
  services,
  endpoints,
  replicationControllers,
  configMaps,
  secrets,
  serviceAccounts,
  events,
  deployments,
  replicaSets,
  ...otherDefinitions,
]

/**
 * All resources, in the order in which discovery lists them. `legacyApis` adds the versions that upstream retired.
 */
export function allResources({ legacyApis = false } = {}): readonly Resource[] {
  const defined = new Map(definitions.map((d) => [`${d.group}/${d.resource}`, d]))
  const resolve = (definition: ResourceDefinition) =>
    resolveResource(legacyApis ? withLegacyVersions(definition) : definition)
  // A resource that another group serves too is stored once, under its home group.
  const aliases = new Set(
    definitions.flatMap((d) => (d.otherVersions ?? []).filter((v) => v.group).map((v) => `${v.group}/${d.resource}`)),
  )
  const stored = stableResources()
    .filter(({ group, resource }) => !aliases.has(`${group}/${resource}`))
    .map((generic) => resolve(defined.get(`${generic.group}/${generic.resource}`) ?? generic))
  return [...stored, resolveResource(componentStatuses)]
}
