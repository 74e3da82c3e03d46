// The alpha and beta versions of every resource, ready to be served beside the stored one.

import { previewConversions } from '../../machinery/conversions/index.ts'
import type { StoredObject } from '../api-object.ts'
import { currentVersions } from '../registry/resource.ts'
import type { OtherVersion, ResourceDefinition } from '../resource-definition.ts'
import { previewDeprecationOf } from './legacy/deprecations.ts'

/** The definition with all versions of today that it does not name itself. */
export function withPreviewVersions(definition: ResourceDefinition): ResourceDefinition {
  const { group, resource, otherVersions = [] } = definition
  const [preferred, ...rest] = currentVersions(group, resource)
  const storageVersion = definition.storageVersion ?? preferred
  const known = new Set(otherVersions.filter((v) => v.group === undefined).map((v) => v.version))
  const previews = [preferred, ...rest]
    .filter((version) => version !== undefined && version !== storageVersion && !known.has(version))
    .map((version) => previewVersion(group, version ?? '', resource))
  return previews.length === 0 ? definition : { ...definition, otherVersions: [...otherVersions, ...previews] }
}

function previewVersion(group: string, version: string, resource: string): OtherVersion {
  const own = previewConversions[`${group}/${version}/${resource}`]
  return {
    version,
    deprecation: (kind) => previewDeprecationOf(`${group}/${version}`, kind),
    toStorage: (object) => own?.toStorage?.(object) ?? object,
    fromStorage: (object) =>
      (own?.fromStorage?.(object) ?? object) as StoredObject & ReturnType<OtherVersion['fromStorage']>,
  }
}
