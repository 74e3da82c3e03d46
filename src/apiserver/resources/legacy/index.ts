// The retired versions of every resource, ready to be served beside today's.

import { legacyVersions as versions } from '../../../api/legacy-types.ts'
import { legacyConversions } from '../../../machinery/conversions/index.ts'
import type { OtherVersion, ResourceDefinition } from '../../resource-definition.ts'
import { deprecationOf } from './deprecations.ts'

/** The definition with its retired versions added. */
export function withLegacyVersions(definition: ResourceDefinition): ResourceDefinition {
  const { group, resource, otherVersions = [] } = definition
  // Where another group serves the resource too (events), its retired versions convert through that group's.
  const homes = [{ group, via: undefined }, ...otherVersions.map((via) => ({ group: via.group ?? group, via }))]
  const retired = versions.flatMap((legacy) =>
    Object.entries(legacy.resources).flatMap(([home, resources]) => {
      if (!resources.includes(resource)) return []
      const from = homes.find((h) => home.startsWith(`${h.group}/`))
      return from ? [otherVersion(legacy, resource, from.via?.group ? from.via : undefined)] : []
    }),
  )
  return retired.length === 0 ? definition : { ...definition, otherVersions: [...otherVersions, ...retired] }
}

function otherVersion(
  { group, version }: { group: string; version: string },
  resource: string,
  via: OtherVersion | undefined,
): OtherVersion {
  const apiVersion = `${group}/${version}`
  const own = legacyConversions[`${apiVersion}/${resource}`] ?? {}
  return {
    group,
    version,
    toStorage(object) {
      const converted = own.toStorage?.(object) ?? object
      return via ? via.toStorage(converted) : converted
    },
    fromStorage(object) {
      if (via) return via.fromStorage(object)
      return own.fromStorage?.(object) ?? (object as ReturnType<OtherVersion['fromStorage']>)
    },
    deprecation: (kind) => deprecationOf(apiVersion, kind),
    ...(own.forgives ? { forgives: own.forgives } : {}),
    ...(via?.fieldLabels ? { fieldLabels: via.fieldLabels } : {}),
  }
}
