// customresourcedefinitions as apiextensions.k8s.io/v1beta1: one schema, subresources and columns for all versions.
// Model: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/{v1beta1/defaults,v1/conversion}.go.

import { sameJson } from '../same-json.ts'
import { type LegacyConversion, part, records, withSpec } from './conversion.ts'
import { isRecord, type VersionedObject } from './versioned-object.ts'

type Json = Record<string, unknown>

const columnToStorage = ({ JSONPath, ...rest }: Json): Json => ({ ...rest, jsonPath: JSONPath })
const columnFromStorage = ({ jsonPath, ...rest }: Json): Json => ({ ...rest, JSONPath: jsonPath })

/** Edits the columns where there are any. */
function editColumns(owner: Json, edit: (column: Json) => Json): Json {
  if (!owner.additionalPrinterColumns) return owner
  return { ...owner, additionalPrinterColumns: records(owner, 'additionalPrinterColumns').map(edit) }
}

function conversionToStorage(conversion: Json): Json {
  const { webhookClientConfig: clientConfig, conversionReviewVersions, ...rest } = conversion
  if (clientConfig === undefined && conversionReviewVersions === undefined && rest.strategy !== 'Webhook') return rest
  const versions = Array.isArray(conversionReviewVersions) ? conversionReviewVersions : ['v1beta1']
  return { ...rest, webhook: { ...(clientConfig ? { clientConfig } : {}), conversionReviewVersions: versions } }
}

function conversionFromStorage({ webhook, ...rest }: Json): Json {
  if (!isRecord(webhook)) return rest
  const { clientConfig, conversionReviewVersions } = webhook
  return {
    ...rest,
    ...(clientConfig ? { webhookClientConfig: clientConfig } : {}),
    ...(conversionReviewVersions ? { conversionReviewVersions } : {}),
  }
}

/** What one field is called at the top and in each version. */
const SHARED = [
  ['validation', 'schema'],
  ['subresources', 'subresources'],
  ['additionalPrinterColumns', 'additionalPrinterColumns'],
] as const

export const oldDefinitions: LegacyConversion = {
  toStorage(object) {
    const spec = part(object, 'spec')
    const { version, versions, validation, subresources, additionalPrinterColumns, conversion, ...rest } = spec
    const top: Json = { validation, subresources, additionalPrinterColumns }
    const listed = Array.isArray(versions) && versions.length > 0 ? records(spec, 'versions') : []
    const given = listed.length > 0 || !version ? listed : [{ name: version, served: true, storage: true }]
    const complete = given.map((one) => {
      const out: Json = { ...one }
      for (const [above, below] of SHARED) if (top[above] !== undefined) out[below] ??= top[above]
      return editColumns(out, columnToStorage)
    })
    return withSpec(object, {
      ...rest,
      scope: rest.scope || 'Namespaced',
      preserveUnknownFields: rest.preserveUnknownFields ?? true,
      versions: complete,
      ...(isRecord(conversion) ? { conversion: conversionToStorage(conversion) } : {}),
    })
  },
  fromStorage(object) {
    const plain = object as VersionedObject
    const spec = part(plain, 'spec')
    const { conversion, ...rest } = spec
    const versions = records(spec, 'versions').map((version) => editColumns(version, columnFromStorage))
    const [first = {}] = versions
    const top: Json = { version: first.name }
    const left = versions.map((version) => ({ ...version }))
    for (const [above, below] of SHARED) {
      // What all versions have in common stood at the top.
      if (first[below] === undefined || !versions.every((version) => sameJson(version[below], first[below]))) continue
      top[above] = first[below]
      for (const version of left) delete version[below]
    }
    return withSpec(plain, {
      ...rest,
      ...top,
      versions: left,
      ...(isRecord(conversion) ? { conversion: conversionFromStorage(conversion) } : {}),
    })
  },
  // Schemas became a duty with v1.
  forgives: ({ path }) =>
    /^spec\.(versions\[\d+\]\.schema|validation)\.openAPIV3Schema|^spec\.preserveUnknownFields$/.test(path),
}
