// The documents themselves: one of v3 for each group version, and one of v2 for everything.

import { ALL_VERSIONS, CUSTOM_VERSIONS, kindsEverywhere, versionsOf } from './kinds-everywhere.ts'
import type { GroupOperations, Operation } from './operations.ts'
import { type ApiDocs, type Dialect, type Json, reachable, refTo, typeSchema } from './schemas.ts'
import { shareParameters } from './shared-parameters.ts'

const UNAUTHORIZED = { description: 'Unauthorized' }
const SECURITY = {
  BearerToken: {
    description: 'Bearer Token authentication',
    in: 'header',
    name: 'authorization',
    type: 'apiKey',
  },
}

/** What documents about custom resources say of themselves. */
const CUSTOM_INFO = { title: 'Kubernetes CRD Swagger', version: 'v0.1.0' }

/** The v3 document of one group version. */
export function documentV3(group: GroupOperations, version: string, docs: ApiDocs): Json {
  const schemas = schemasOf('v3', [group], docs)
  const isCustom = group.custom.size > 0
  return {
    openapi: '3.0.0',
    info: isCustom ? CUSTOM_INFO : { title: 'Kubernetes', version },
    paths: pathsOf(group.operations, V3),
    components: {
      ...(Object.keys(schemas).length > 0 ? { schemas } : {}),
      ...(isCustom ? {} : { securitySchemes: SECURITY }),
    },
  }
}

/** The v2 document of everything. */
export function documentV2(groups: readonly GroupOperations[], version: string, docs: ApiDocs): Json {
  const operations = groups.flatMap((g) => g.operations)
  const { paths, parameters } = shareParameters(pathsOf(operations, V2))
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version },
    paths,
    definitions: schemasOf('v2', groups, docs),
    parameters,
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
  const some = custom.size > 0 ? CUSTOM_VERSIONS : versionsOf(groups.map(({ key }) => key))
  const versions = dialect === 'v2' ? ALL_VERSIONS : some
  const schemas = reachable(roots).map((ref) => [
    ref,
    custom.get(ref)?.schema(dialect) ?? { ...typeSchema(dialect, ref, docs), ...kindsEverywhere(ref, versions) },
  ])
  return Object.fromEntries(schemas)
}

/** A parameter in the path or the query. */
interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query'
  readonly type: string
}

/** How a dialect describes an operation and its parameters. */
interface Renderer {
  operation(operation: Operation, parameters: readonly Json[]): Json
  parameter(parameter: Parameter): Json
}

function pathsOf(operations: readonly Operation[], { operation: render, parameter }: Renderer): Json {
  const byPath = new Map<string, Operation[]>()
  for (const operation of operations) byPath.set(operation.path, [...(byPath.get(operation.path) ?? []), operation])
  return Object.fromEntries(
    [...byPath].map(([path, all]) => {
      const lists = all.map(parametersOf)
      // What all operations of a path take stands once, beside them.
      const isCommon = (one: Parameter) =>
        lists.every((list) => list.some((other) => other.name === one.name && other.in === one.in))
      const common = (lists[0] ?? []).filter(isCommon).map(parameter)
      const items = all.map((operation, i) => {
        const own = (lists[i] ?? []).filter((p) => !isCommon(p)).map(parameter)
        return [operation.method, render(operation, own)]
      })
      return [path, { ...Object.fromEntries(items), ...(common.length > 0 ? { parameters: common } : {}) }]
    }),
  )
}

function parametersOf({ path, action, query }: Operation): Parameter[] {
  const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({ name, in: 'path', type: 'string' }) as const)
  // Neither discovery nor streams are shown prettily.
  const pretty = action === '' || action === 'connect' ? [] : [{ name: 'pretty', in: 'query', type: 'string' } as const]
  const all: Parameter[] = [...named, ...pretty, ...query.map((q) => ({ ...q, in: 'query' }) as const)]
  return all.sort((a, b) => (a.name === b.name ? (a.in < b.in ? -1 : 1) : a.name < b.name ? -1 : 1))
}

function commonOf(operation: Operation): Json {
  return {
    tags: [operation.tag],
    operationId: operation.id,
    ...(operation.action === ''
      ? {}
      : { 'x-kubernetes-action': operation.action, 'x-kubernetes-group-version-kind': operation.kind }),
  }
}

function successCodes(operation: Operation): string[] {
  switch (operation.action) {
    case 'post':
      return ['200', '201', '202']
    case 'put':
      return ['200', '201']
    case 'patch':
      return operation.custom ? ['200'] : ['200', '201']
    case 'delete':
      return ['200', '202']
    default:
      return ['200']
  }
}

const DESCRIPTIONS: Readonly<Record<string, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' }

const V3: Renderer = {
  operation: operationV3,
  parameter: ({ name, in: place, type }) => ({
    in: place,
    name,
    ...(place === 'path' ? { required: true } : {}),
    schema: { type, uniqueItems: true },
  }),
}

function operationV3(operation: Operation, parameters: readonly Json[]): Json {
  const contentOf = (ref: string, types: readonly string[]) => {
    const schema = ref === 'string' ? { type: 'string' } : { $ref: refTo('v3', ref) }
    return Object.fromEntries(types.map((type) => [type, { schema }]))
  }
  return {
    ...commonOf(operation),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(operation.body
      ? {
          requestBody: {
            content: contentOf(operation.body, operation.consumes),
            ...(operation.action.startsWith('delete') ? {} : { required: true }),
          },
        }
      : {}),
    responses: {
      ...Object.fromEntries(
        successCodes(operation).map((code) => [
          code,
          { description: DESCRIPTIONS[code], content: contentOf(operation.answer, operation.produces) },
        ]),
      ),
      401: UNAUTHORIZED,
    },
  }
}

const V2: Renderer = {
  operation: operationV2,
  parameter: ({ name, in: place, type }) => ({
    in: place,
    name,
    ...(place === 'path' ? { required: true } : {}),
    type,
    uniqueItems: true,
  }),
}

function operationV2(operation: Operation, own: readonly Json[]): Json {
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
    ...own,
  ]
  return {
    ...commonOf(operation),
    ...(operation.consumes.length > 0 ? { consumes: operation.consumes } : {}),
    produces: operation.produces,
    schemes: ['https'],
    ...(parameters.length > 0 ? { parameters } : {}),
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
