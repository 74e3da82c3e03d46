// The documents themselves: one of v3 for each group version, and one of v2 for everything.

import type { GroupOperations, Operation } from './operations.ts'
import { type ApiDocs, type Dialect, type Json, reachable, refTo, typeSchema } from './schemas.ts'

const CUSTOM_TYPES = ['application/json', 'application/yaml']
const TYPES = [...CUSTOM_TYPES, 'application/vnd.kubernetes.protobuf']
const PATCH_TYPES = [
  'application/apply-patch+yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
]
const CUSTOM_PATCH_TYPES = PATCH_TYPES.filter((type) => !type.includes('strategic'))
const UNAUTHORIZED = { description: 'Unauthorized' }
const SECURITY = {
  BearerToken: {
    description: 'Bearer Token authentication',
    in: 'header',
    name: 'authorization',
    type: 'apiKey',
  },
}

/** The v3 document of one group version. */
export function documentV3(group: GroupOperations, version: string, docs: ApiDocs): Json {
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version },
    paths: pathsOf(group.operations, operationV3),
    components: {
      schemas: schemasOf('v3', [group], docs),
      securitySchemes: SECURITY,
    },
  }
}

/** The v2 document of everything. */
export function documentV2(groups: readonly GroupOperations[], version: string, docs: ApiDocs): Json {
  const operations = groups.flatMap((g) => g.operations)
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version },
    paths: pathsOf(operations, operationV2),
    definitions: schemasOf('v2', groups, docs),
    securityDefinitions: SECURITY,
    security: [{ BearerToken: [] }],
  }
}

function schemasOf(dialect: Dialect, groups: readonly GroupOperations[], docs: ApiDocs): Json {
  const roots = new Set<string>()
  const custom = new Map(groups.flatMap((group) => [...group.custom]))
  for (const { body, answer } of groups.flatMap((group) => group.operations)) {
    if (body) roots.add(body)
    if (answer !== 'string') roots.add(answer)
  }
  for (const ref of [...roots]) for (const inner of custom.get(ref)?.refs ?? []) roots.add(inner)
  return Object.fromEntries(
    reachable(roots).map((ref) => [ref, custom.get(ref)?.schema(dialect) ?? typeSchema(dialect, ref, docs)]),
  )
}

function pathsOf(operations: readonly Operation[], render: (operation: Operation) => Json): Json {
  const paths: Record<string, Json> = {}
  for (const operation of operations) {
    paths[operation.path] ??= {}
    Object.assign(paths[operation.path] ?? {}, { [operation.method]: render(operation) })
  }
  return paths
}

function commonOf(operation: Operation): Json {
  return {
    tags: [operation.tag],
    operationId: operation.id,
    'x-kubernetes-action': operation.action,
    'x-kubernetes-group-version-kind': operation.kind,
  }
}

function pathNames(operation: Operation): string[] {
  return [...(operation.named ? ['name'] : []), ...(operation.namespaced ? ['namespace'] : [])]
}

function successCodes(operation: Operation): string[] {
  switch (operation.action) {
    case 'post':
      return ['200', '201', '202']
    case 'put':
    case 'patch':
      return ['200', '201']
    case 'delete':
      return ['200', '202']
    default:
      return ['200']
  }
}

const DESCRIPTIONS: Readonly<Record<string, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' }

function operationV3(operation: Operation): Json {
  const parameters = [
    ...pathNames(operation).map((name) => ({
      in: 'path',
      name,
      required: true,
      schema: { type: 'string', uniqueItems: true },
    })),
    ...operation.query.map(({ name, type }) => ({ in: 'query', name, schema: { type, uniqueItems: true } })),
  ]
  const contentOf = (ref: string, types: readonly string[]) => {
    const schema = ref === 'string' ? { type: 'string' } : { $ref: refTo('v3', ref) }
    return Object.fromEntries(types.map((type) => [type, { schema }]))
  }
  const patch = operation.action === 'patch'
  const answerTypes = operation.answer === 'string' ? ['*/*'] : operation.custom ? CUSTOM_TYPES : TYPES
  return {
    ...commonOf(operation),
    parameters,
    ...(operation.body
      ? {
          requestBody: {
            content: contentOf(operation.body, patch ? (operation.custom ? CUSTOM_PATCH_TYPES : PATCH_TYPES) : ['*/*']),
            ...(operation.action.startsWith('delete') ? {} : { required: true }),
          },
        }
      : {}),
    responses: {
      ...Object.fromEntries(
        successCodes(operation).map((code) => [
          code,
          { description: DESCRIPTIONS[code], content: contentOf(operation.answer, answerTypes) },
        ]),
      ),
      401: UNAUTHORIZED,
    },
  }
}

function operationV2(operation: Operation): Json {
  const schemaOf = (ref: string) => (ref === 'string' ? { type: 'string' } : { $ref: refTo('v2', ref) })
  const parameters = [
    ...(operation.body
      ? [
          {
            in: 'body',
            name: 'body',
            ...(operation.action.startsWith('delete') ? {} : { required: true }),
            schema: schemaOf(operation.body),
          },
        ]
      : []),
    ...pathNames(operation).map((name) => ({ in: 'path', name, required: true, type: 'string', uniqueItems: true })),
    ...operation.query.map(({ name, type }) => ({ in: 'query', name, type, uniqueItems: true })),
  ]
  return {
    ...commonOf(operation),
    consumes: operation.action === 'patch' ? (operation.custom ? CUSTOM_PATCH_TYPES : PATCH_TYPES) : ['*/*'],
    produces: operation.answer === 'string' ? ['*/*'] : operation.custom ? CUSTOM_TYPES : TYPES,
    schemes: ['https'],
    parameters,
    responses: {
      ...Object.fromEntries(
        successCodes(operation).map((code) => [
          code,
          { description: DESCRIPTIONS[code], schema: schemaOf(operation.answer) },
        ]),
      ),
      401: UNAUTHORIZED,
    },
  }
}
