// status.typeChecking: expressions of a policy that do not fit the types that it is for. It is only told: the policy
// works nevertheless. Spec: https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/#type-checking

import type {
  ExpressionWarning,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyStatus,
} from '../../../api/generated/admissionregistration-v1.ts'
import { type FieldSchema, servedResources, typeOf, typeRefOfKind } from '../../../api/schema.ts'
import { type DeclaredType, type SchemaLike, typeOfSchema } from '../../../machinery/cel/index.ts'
import type { DeepReadonly } from '../../../machinery/deep-readonly.ts'
import { admissionEnv } from '../../admission/policies/environment.ts'
import { compileExpression, compileVariables } from '../../admission/policies/expression.ts'
import type { StrategyContext } from '../../resource-definition.ts'

const MAX_TYPES = 10
/** A value of which nothing is checked. */
const ANY: SchemaLike = { 'x-kubernetes-int-or-string': true }
const known = new Map<string, DeclaredType | undefined>()

type CustomTypes = StrategyContext['customTypes']

/** The status of a policy whose spec is new. */
export function checkedStatus(
  policy: DeepReadonly<ValidatingAdmissionPolicy>,
  status: DeepReadonly<ValidatingAdmissionPolicyStatus>,
  customTypes: CustomTypes,
): ValidatingAdmissionPolicyStatus {
  const expressionWarnings = typeWarnings(policy.spec, customTypes)
  return {
    ...(status as ValidatingAdmissionPolicyStatus),
    observedGeneration: policy.metadata.generation ?? 1,
    typeChecking: expressionWarnings.length === 0 ? {} : { expressionWarnings },
  }
}

/** What does not fit, for each expression. */
function typeWarnings(
  spec: DeepReadonly<ValidatingAdmissionPolicy>['spec'],
  customTypes: CustomTypes,
): ExpressionWarning[] {
  const kinds = kindsOf(spec, customTypes)
  if (kinds.length === 0) return []
  const { apiVersion = '', kind = '' } = spec.paramKind ?? {}
  const params = spec.paramKind && declared(apiVersion, kind, customTypes)
  const environments = kinds.map(({ apiVersion: version, kind: name }) => {
    const object = declared(version, name, customTypes)
    const offered = {
      params: spec.paramKind !== undefined,
      authorizer: true,
      typed: { ...(object ? { object } : {}), ...(params ? { params } : {}) },
    }
    const variables = compileVariables(spec.variables ?? [], offered).types
    const subject = `${version.includes('/') ? version : `/${version}`}, Kind=${name}`
    return { subject, env: admissionEnv({ ...offered, variables }) }
  })
  const warningOf = (fieldRef: string, source: string | undefined): ExpressionWarning[] => {
    if (!source) return []
    const found = environments.flatMap(({ subject, env }) => {
      const { problem } = compileExpression(env, source)
      return problem === undefined ? [] : [`${subject}: ${problem}\n`]
    })
    return found.length === 0 ? [] : [{ fieldRef, warning: found.join('\n') }]
  }
  return (spec.validations ?? []).flatMap(({ expression, messageExpression }, i) => [
    ...warningOf(`spec.validations[${i}].expression`, expression),
    ...warningOf(`spec.validations[${i}].messageExpression`, messageExpression),
  ])
}

interface Kind {
  readonly apiVersion: string
  readonly kind: string
}

/** The kinds that the rules name; wildcards name none. */
function kindsOf(
  { matchConstraints }: DeepReadonly<ValidatingAdmissionPolicy>['spec'],
  customTypes: CustomTypes,
): Kind[] {
  const found = new Map<string, Kind>()
  for (const { apiGroups = [], apiVersions = [], resources = [] } of matchConstraints?.resourceRules ?? []) {
    if ([...apiGroups, ...apiVersions, ...resources].some((name) => name.includes('*'))) continue
    for (const { group, version, resource, subresource, kind } of servedResources) {
      if (subresource !== '' || !apiGroups.includes(group) || !apiVersions.includes(version)) continue
      if (!resources.includes(resource)) continue
      const apiVersion = group === '' ? version : `${group}/${version}`
      found.set(`${apiVersion} ${kind.kind}`, { apiVersion, kind: kind.kind })
    }
    for (const apiVersion of apiGroups.flatMap((group) => apiVersions.map((version) => `${group}/${version}`))) {
      const [group = '', version = ''] = apiVersion.split('/')
      for (const { resource, kind } of customTypes(group, version)) {
        if (resources.includes(resource)) found.set(`${apiVersion} ${kind}`, { apiVersion, kind })
      }
    }
  }
  return [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, MAX_TYPES)
    .map(([, kind]) => kind)
}

/** The type of a kind; undefined for those that are not there, of which nothing is checked. */
function declared(apiVersion: string, kind: string, customTypes: CustomTypes): DeclaredType | undefined {
  const [version = '', group = ''] = apiVersion.split('/').reverse()
  const ref = typeRefOfKind(group, version, kind)
  if (!ref) {
    const custom = customTypes(group, version).find((type) => type.kind === kind)
    return custom && typeOfSchema(withMeta(custom.schema), `${kind}@${apiVersion}`, false)
  }
  if (!known.has(ref)) known.set(ref, typeOfSchema(schemaOf({ ref }, []), `${kind}@${apiVersion}`, false))
  return known.get(ref)
}

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'

/** The schema of custom objects with what all objects have. */
function withMeta(schema: SchemaLike): SchemaLike {
  const text: SchemaLike = { type: 'string' }
  const common = { apiVersion: text, kind: text, metadata: schemaOf({ ref: META }, []) }
  return { ...schema, properties: { ...schema.properties, ...common } }
}

/** A type of the API as a schema. Types within themselves are not followed. */
function schemaOf(field: FieldSchema, within: readonly string[]): SchemaLike {
  const { ref, map, items, type, format } = field
  if (ref !== undefined) {
    if (within.includes(ref)) return ANY
    const { fields, type: own, format: form } = typeOf(ref)
    if (form === 'int-or-string') return ANY
    if (!fields) return own === undefined || own === 'object' ? ANY : { type: own, ...(form ? { format: form } : {}) }
    const inner = [...within, ref]
    const properties = Object.entries(fields).map(([name, value]) => [name, schemaOf(value, inner)] as const)
    return { type: 'object', properties: Object.fromEntries(properties) }
  }
  if (map) return { type: 'object', additionalProperties: schemaOf(map, within) }
  if (items) return { type: 'array', items: schemaOf(items, within) }
  if (type === undefined || format === 'int-or-string') return ANY
  return { type, ...(format ? { format } : {}) }
}
