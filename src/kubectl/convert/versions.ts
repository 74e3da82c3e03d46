// Writes an object in another version of its API: the one asked for, or the one that took over from it.

import { legacyVersions } from '../../api/legacy-types.ts'
import { apiVersionOf } from '../../api/resource-ref.ts'
import { servedResources } from '../../api/schema.ts'
import { autoscalerFromStorage, autoscalerToStorage } from '../../machinery/conversions/autoscaling-v1.ts'
import type { LegacyConversion } from '../../machinery/conversions/conversion.ts'
import { legacyConversions } from '../../machinery/conversions/index.ts'
import type { StoredVersion, VersionedObject } from '../../machinery/conversions/versioned-object.ts'
import { KubectlError } from '../errors.ts'
import type { KubeObject } from '../object.ts'

/** A version of a resource beside the one that is preferred, and the way between the two. */
interface Version {
  readonly apiVersion: string
  readonly preferred: string
  readonly conversion: LegacyConversion
}

/**
 * The object in `wanted`, a group and version; in the preferred one when that is empty. Objects of kinds that are not
 * known come back as they are. Throws KubectlError when the kind has no such version.
 */
export function converted(object: KubeObject, wanted: string): KubeObject {
  const { apiVersion = '', kind = '' } = object
  const resource = resourceOf(apiVersion, kind)
  if (resource === undefined || apiVersion === wanted) return object
  const versions = versionsOf(resource)
  const from = versions.find((v) => v.apiVersion === apiVersion)
  const preferred = from?.preferred ?? apiVersion
  const base = from ? toPreferred(object, from) : object
  if (wanted === '' || wanted === preferred) return { ...base, apiVersion: preferred }
  const to = versions.find((v) => v.apiVersion === wanted && v.preferred === preferred)
  if (!to) {
    throw new KubectlError(`${goName(apiVersion, kind)} is not suitable for converting to ${JSON.stringify(wanted)}`)
  }
  const back = to.conversion.fromStorage?.(structuredClone(base) as unknown as StoredVersion) ?? base
  return { ...(back as KubeObject), apiVersion: wanted, kind }
}

function toPreferred(object: KubeObject, { conversion }: Version): KubeObject {
  const copy = { metadata: {}, ...structuredClone(object) } as VersionedObject
  return (conversion.toStorage?.(copy) ?? copy) as KubeObject
}

const goName = (apiVersion: string, kind: string) => `${apiVersion.split('/').at(-1)}.${kind}`

function resourceOf(apiVersion: string, kind: string): string | undefined {
  return servedResources.find((r) => r.subresource === '' && r.kind.kind === kind && apiVersionOf(r) === apiVersion)
    ?.resource
}

function versionsOf(resource: string): Version[] {
  const retired = legacyVersions.flatMap((legacy) =>
    Object.entries(legacy.resources).flatMap(([preferred, resources]) => {
      if (!resources.includes(resource)) return []
      const apiVersion = apiVersionOf(legacy)
      return [{ apiVersion, preferred, conversion: legacyConversions[`${apiVersion}/${resource}`] ?? {} }]
    }),
  )
  return resource === 'horizontalpodautoscalers' ? [...retired, AUTOSCALING_V1] : retired
}

/** Both are in use: v1 has the same objects with fewer fields. */
const AUTOSCALING_V1: Version = {
  apiVersion: 'autoscaling/v1',
  preferred: 'autoscaling/v2',
  conversion: { toStorage: autoscalerToStorage, fromStorage: autoscalerFromStorage },
}
