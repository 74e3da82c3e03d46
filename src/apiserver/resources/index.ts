// Every resource that is served. Those with behaviour of their own are listed; all other resources of the facts are
// served by the generic machinery alone.

import { defaultFeatures } from '../features/feature-gates.ts'
import { parseRuntimeConfig, type Serves } from '../features/runtime-config.ts'
import { type Resource, resolveResource, storableResources } from '../registry/resource.ts'
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
import { withPreviewVersions } from './preview.ts'
import { withWarnings } from './warnings/index.ts'

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

export interface ServedOptions {
  /** Which versions are served. Absent: those in good standing, and with `legacyApis` those that upstream retired. */
  readonly serves?: Serves
  readonly legacyApis?: boolean
}

/** All resources, in the order in which discovery lists them. */
export function allResources({ serves, legacyApis = false }: ServedOptions = {}): readonly Resource[] {
  const served = serves ?? parseRuntimeConfig({ text: '', features: defaultFeatures, legacyApis })
  const defined = new Map(definitions.map((d) => [`${d.group}/${d.resource}`, d]))
  const resolve = (definition: ResourceDefinition) =>
    resolveResource(withLegacyVersions(withPreviewVersions(withWarnings(definition))), served)
  // A resource that another group serves too is stored once, under its home group.
  const aliases = new Set(
    definitions.flatMap((d) => (d.otherVersions ?? []).filter((v) => v.group).map((v) => `${v.group}/${d.resource}`)),
  )
  const stored = storableResources()
    .filter(({ group, resource }) => !aliases.has(`${group}/${resource}`))
    .map(({ stable, ...generic }) => ({
      stable,
      resource: resolve(defined.get(`${generic.group}/${generic.resource}`) ?? generic),
    }))
    // What was never stable is not even stored as long as nobody wants it.
    .filter(({ stable, resource }) => stable || resource.versions.length > 0)
    .map(({ resource }) => resource)
  return [...stored, resolveResource(componentStatuses, served)]
}
