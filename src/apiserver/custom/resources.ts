// The resources that a definition makes: one for each version that is served.

import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from '../../api/generated/apiextensions-v1.ts'
import type { ServedResource } from '../../api/schema.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import type { Resource, ServedVersion } from '../registry/resource.ts'
import { applySchemaOf } from './apply-schema.ts'
import type { Convert } from './convert.ts'
import { decodeCustom, type Shape } from './decode.ts'
import { celRules } from './rule-evaluation.ts'
import type { CustomRules } from './rules.ts'
import type { Schema } from './schema.ts'
import { strategyOf } from './strategy.ts'
import { structuralProblems } from './structural.ts'
import { customView } from './view.ts'

type Definition = DeepReadonly<CustomResourceDefinition>
type Version = DeepReadonly<CustomResourceDefinitionVersion>

export interface MakeOptions {
  readonly convert: Convert
  readonly rules: CustomRules | undefined
  readonly ended: AbortSignal
  terminating(): boolean
}

const VERBS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch']
const OPEN: Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }

/** Where the objects of a definition are kept. */
export function prefixOf({ spec }: Definition): string {
  return `/registry/${spec.group}/${spec.names.plural}/`
}

/** The resources of all served versions. */
export function resourcesOf(definition: Definition, options: MakeOptions): Resource[] {
  return definition.spec.versions
    .filter((version) => version.served)
    .map((version) => resourceOf(definition, version, options))
}

/** What is said of definitions whose schemas are not structural, as only old versions let pass; undefined for others. */
export function judgeSchemas({ spec }: Definition) {
  const problems = spec.versions.flatMap(({ schema }, i) => {
    const path = `spec.versions[${i}].schema.openAPIV3Schema`
    return schema?.openAPIV3Schema ? structuralProblems(schema.openAPIV3Schema as Schema, path) : []
  })
  if (problems.length === 0) return undefined
  const texts = problems.map(({ path, message }) => `${path}: ${message}`)
  const message = texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`
  return { type: 'NonStructuralSchema', status: 'True', reason: 'Violations', message }
}

/** The objects just as they are stored, for getting rid of them. */
export function storedResource(definition: Definition): Resource | undefined {
  const version = definition.spec.versions.find((v) => v.storage)
  if (!version) return undefined
  const { group, names, scope } = definition.spec
  return {
    definition: { group, resource: names.plural, generation: false },
    ...base(definition),
    namespaced: scope === 'Namespaced',
    ...versionsOf(servedVersion(definition, version, { schema: OPEN, keepUnknown: true })),
    hasStatus: false,
  }
}

function base({ spec, ...definition }: Definition) {
  const { group, names } = spec
  return {
    group,
    resource: names.plural,
    kind: names.kind,
    singular: names.singular ?? names.kind.toLowerCase(),
    hasSpec: false,
    prefix: prefixOf({ spec, ...definition }),
  }
}

const versionsOf = (version: ServedVersion) => ({ storage: version, versions: [version] })

function resourceOf(definition: Definition, version: Version, options: MakeOptions): Resource {
  const { group, scope, versions, preserveUnknownFields, names } = definition.spec
  const { shortNames = [], categories = [], singular } = definition.status.acceptedNames ?? names
  const shapeFor = (one: Version): Shape => {
    const schema = (one.schema?.openAPIV3Schema ?? OPEN) as Schema
    return { schema, keepUnknown: preserveUnknownFields === true || structuralProblems(schema, '').length > 0 }
  }
  const shape = shapeFor(version)
  const given = shape.schema
  const shapes = new Map(versions.map((one) => [`${group}/${one.name}`, one === version ? shape : shapeFor(one)]))
  const storage = versions.find((v) => v.storage)
  const storageVersion = `${group}/${storage?.name ?? version.name}`
  const served = servedVersion(definition, version, shape)
  const { uid, generation } = definition.metadata
  return {
    definition: strategyOf({
      group,
      plural: names.plural,
      singular: singular ?? names.kind.toLowerCase(),
      kind: names.kind,
      shortNames,
      categories,
      version,
      schema: given,
      rules: (options.rules ?? celRules).compile(given),
      terminating: options.terminating,
    }),
    ...base(definition),
    namespaced: scope === 'Namespaced',
    ...versionsOf(served),
    hasStatus: version.subresources?.status !== undefined,
    view: customView({
      apiVersion: served.apiVersion,
      storageVersion,
      ending: options.terminating,
      storageServed: storage?.served === true,
      shape,
      shapeOf: (apiVersion) => shapes.get(apiVersion),
      convert: options.convert,
      ended: options.ended,
      state: `${uid} ${generation ?? 0}`,
    }),
  }
}

function servedVersion({ spec }: Definition, version: Version, shape: Shape): ServedVersion {
  const { group, names } = spec
  const { kind } = names
  const apiVersion = `${group}/${version.name}`
  const warning = version.deprecationWarning ?? `${apiVersion} ${kind} is deprecated`
  const made: ServedVersion = {
    group,
    version: version.name,
    kind,
    listKind: names.listKind ?? `${kind}List`,
    apiVersion,
    typeRef: typeRefOf(group, version.name, kind),
    verbs: VERBS,
    subresources: subresourcesOf(spec, version),
    schema: shape.keepUnknown ? OPEN : shape.schema,
    fields: applySchemaOf(shape.schema),
    decode: (body, context) => decodeCustom(body, shape, made, context),
    ...(version.deprecated ? { deprecation: () => warning } : {}),
  }
  return made
}

/** The name of a kind in OpenAPI documents: its group backwards. */
function typeRefOf(group: string, version: string, kind: string): string {
  return [...group.split('.').reverse(), version, kind].join('.')
}

function subresourcesOf(spec: Definition['spec'], version: Version): ReadonlyMap<string, ServedResource> {
  const common = {
    group: spec.group,
    version: version.name,
    resource: spec.names.plural,
    namespaced: spec.scope === 'Namespaced',
    actions: ['get', 'patch', 'put'],
  }
  const found = new Map<string, ServedResource>()
  if (version.subresources?.status) {
    const kind = { group: spec.group, version: version.name, kind: spec.names.kind }
    found.set('status', { ...common, subresource: 'status', kind })
  }
  if (version.subresources?.scale) {
    found.set('scale', {
      ...common,
      subresource: 'scale',
      kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
    })
  }
  return found
}
