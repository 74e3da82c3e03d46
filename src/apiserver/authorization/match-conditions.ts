// Expressions that say which questions a webhook is asked.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/authorization/#using-configuration-file-for-authorization

import type { SubjectAccessReviewSpec } from '../../api/generated/authorization-v1.ts'
import { aggregated } from '../../machinery/aggregated.ts'
import {
  BOOL,
  compile,
  compileProblem,
  type DeclaredType,
  fromTypedJson,
  listType,
  makeEnv,
  mapType,
  type Program,
  providerOf,
  STRING,
  structType,
  type Type,
} from '../../machinery/cel/index.ts'

const declared = (type: Type, json: DeclaredType['json']): DeclaredType => ({
  type,
  json,
  nullable: false,
  minBytes: 0,
  maxElements: Number.MAX_SAFE_INTEGER,
})
const text = declared(STRING, 'string')
const list = (element: DeclaredType): DeclaredType => ({ ...declared(listType(element.type), 'list'), element })
const object = (name: string, fields: Readonly<Record<string, DeclaredType>>): DeclaredType => ({
  ...declared(structType(`kubernetes.${name}`), 'object'),
  fields: new Map(Object.entries(fields).map(([field, type]) => [field, { name: field, declared: type }])),
})

const requirements = list(object('SelectorRequirement', { key: text, operator: text, values: list(text) }))
const REQUEST = object('SubjectAccessReviewSpec', {
  resourceAttributes: object('ResourceAttributes', {
    namespace: text,
    verb: text,
    group: text,
    version: text,
    resource: text,
    subresource: text,
    name: text,
    fieldSelector: object('FieldSelectorAttributes', { rawSelector: text, requirements }),
    labelSelector: object('LabelSelectorAttributes', { rawSelector: text, requirements }),
  }),
  nonResourceAttributes: object('NonResourceAttributes', { path: text, verb: text }),
  user: text,
  groups: list(text),
  extra: { ...declared(mapType(STRING, listType(STRING)), 'map'), element: list(text) },
  uid: text,
})
const ENV = makeEnv({ variables: { request: REQUEST.type }, types: providerOf([REQUEST]) })

/** One expression that compiled. */
export interface MatchCondition {
  readonly source: string
  readonly program: Program
}

/** Throws an Error that says why an expression does not compile. */
export function compileCondition(source: string): MatchCondition {
  const compiled = compile(ENV, source, { expected: [BOOL] })
  if (compiled.issues !== undefined) throw new Error(compileProblem(compiled))
  const { program } = compiled
  return { source, program }
}

/** Whether all hold. One that does not hold outweighs others that cannot be evaluated. */
export function matchesAll(
  conditions: readonly MatchCondition[],
  spec: SubjectAccessReviewSpec,
): { readonly matches: boolean; readonly error?: string } {
  const activation = { request: () => fromTypedJson(withEverything(spec), REQUEST) }
  const errors: string[] = []
  for (const { source, program } of conditions) {
    const { value, error } = program.evaluate(activation)
    if (error !== undefined) {
      errors.push(`cel evaluation error: expression '${source}' resulted in error: ${error}`)
    } else if (value !== true) return { matches: false }
  }
  return errors.length > 0 ? { matches: false, error: aggregated(errors) } : { matches: true }
}

const EMPTY = { namespace: '', verb: '', group: '', version: '', resource: '', subresource: '', name: '' }

/** Expressions see plain fields even when they are empty. */
function withEverything({ resourceAttributes, nonResourceAttributes, ...subject }: SubjectAccessReviewSpec): object {
  return {
    user: '',
    uid: '',
    groups: [],
    extra: {},
    ...subject,
    ...(resourceAttributes ? { resourceAttributes: { ...EMPTY, ...resourceAttributes } } : {}),
    ...(nonResourceAttributes ? { nonResourceAttributes: { path: '', verb: '', ...nonResourceAttributes } } : {}),
  }
}
