// What expressions of webhooks and policies may refer to.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/#validation-expression

import {
  AUTHORIZER,
  BOOL,
  combineTypes,
  type DeclaredType,
  DYN,
  type Env,
  INT,
  listType,
  MUTATION_FUNCTIONS,
  MUTATION_TYPES,
  makeEnv,
  mapType,
  providerOf,
  RESOURCE_CHECK,
  STRING,
  structType,
  TIMESTAMP,
  type Type,
  type TypeProvider,
} from '../../../machinery/cel/index.ts'

/** What the expressions of one place have beside the request and its objects. */
export interface Offered {
  readonly params: boolean
  readonly authorizer: boolean
  /** Whether objects and patches can be made. */
  readonly mutation?: boolean
  /** `variables`: names with their types. Absent where there are none. */
  readonly variables?: ReadonlyMap<string, Type>
  /** Types of the objects where they are known: nothing is checked of others before evaluation. */
  readonly typed?: { readonly object?: DeclaredType; readonly params?: DeclaredType }
}

const MOST = Number.MAX_SAFE_INTEGER
const scalar = (type: Type, json: DeclaredType['json']): DeclaredType => ({
  type,
  json,
  nullable: false,
  minBytes: 0,
  maxElements: MOST,
})
const text = scalar(STRING, 'string')
const time = scalar(TIMESTAMP, 'date-time')
const list = (element: DeclaredType): DeclaredType => ({ ...scalar(listType(element.type), 'list'), element })
const map = (element: DeclaredType): DeclaredType => ({ ...scalar(mapType(STRING, element.type), 'map'), element })
const object = (name: string, fields: Readonly<Record<string, DeclaredType>>): DeclaredType => ({
  ...scalar(structType(name), 'object'),
  fields: new Map(Object.entries(fields).map(([field, declared]) => [field, { name: field, declared }])),
})

const kind = object('kubernetes.GroupVersionKind', { group: text, version: text, kind: text })
const resource = object('kubernetes.GroupVersionResource', { group: text, version: text, resource: text })

/** `request`: an AdmissionReview's request without its objects. */
export const REQUEST = object('kubernetes.AdmissionRequest', {
  kind,
  resource,
  subResource: text,
  requestKind: kind,
  requestResource: resource,
  requestSubResource: text,
  name: text,
  namespace: text,
  operation: text,
  userInfo: object('kubernetes.UserInfo', { username: text, uid: text, groups: list(text), extra: map(list(text)) }),
  dryRun: scalar(BOOL, 'bool'),
  options: scalar(DYN, 'any'),
})

/** `namespaceObject`: the namespace of the object. */
export const NAMESPACE: DeclaredType = {
  ...object('kubernetes.Namespace', {
    metadata: object('kubernetes.NamespaceMetadata', {
      name: text,
      generateName: text,
      namespace: text,
      labels: map(text),
      annotations: map(text),
      UID: text,
      creationTimestamp: time,
      deletionGracePeriodSeconds: scalar(INT, 'int'),
      deletionTimestamp: time,
      generation: scalar(INT, 'int'),
      resourceVersion: text,
      finalizers: list(text),
    }),
    spec: object('kubernetes.NamespaceSpec', { finalizers: list(text) }),
    status: object('kubernetes.NamespaceStatus', {
      conditions: list(
        object('kubernetes.NamespaceCondition', {
          status: text,
          type: text,
          lastTransitionTime: time,
          message: text,
          reason: text,
        }),
      ),
      phase: text,
    }),
  }),
  // Cluster-wide objects have none.
  nullable: true,
}

const KNOWN = providerOf([REQUEST, NAMESPACE])
/** The type of `variables`. */
export const VARIABLES = structType('kubernetes.variables')

/** The environment of expressions. */
export function admissionEnv(offered: Offered): Env {
  const { params, authorizer, mutation, variables, typed } = offered
  const object = typed?.object?.type ?? DYN
  return makeEnv({
    variables: {
      object,
      oldObject: object,
      request: REQUEST.type,
      namespaceObject: NAMESPACE.type,
      ...(params ? { params: typed?.params?.type ?? DYN } : {}),
      ...(authorizer ? { authorizer: AUTHORIZER, 'authorizer.requestResource': RESOURCE_CHECK } : {}),
      ...(variables ? { variables: VARIABLES } : {}),
    },
    types: typesOf(offered),
    ...(mutation ? { functions: MUTATION_FUNCTIONS } : {}),
  })
}

function typesOf({ variables, mutation, typed }: Offered): TypeProvider {
  const own: TypeProvider = {
    constructs: () => false,
    fieldType: (name, field) => (name === VARIABLES.name ? variables?.get(field) : undefined),
    construct(name) {
      throw new Error(`nothing makes ${JSON.stringify(name)}`)
    },
  }
  const given = [typed?.object, typed?.params].flatMap((declared) => declared ?? [])
  return combineTypes(
    KNOWN,
    own,
    ...(mutation ? [MUTATION_TYPES] : []),
    ...(given.length > 0 ? [providerOf(given)] : []),
  )
}
