// Every operation the server offers on resources, without saying in which dialect it will be described.

import { servedResources, typeRefOfKind } from '../../api/schema.ts'
import { groupVersions } from '../discovery.ts'
import type { Registry } from '../registry/registry.ts'
import { type CustomType, customServed, customTypes, listTypeRef } from './custom.ts'

/** One operation on one path. */
export interface Operation {
  readonly path: string
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete'
  /** As in `x-kubernetes-action`; empty for discovery, which has none. */
  readonly action: string
  readonly id: string
  readonly tag: string
  readonly kind: { readonly group: string; readonly kind: string; readonly version: string }
  /** Type of the request's body; absent when there is none. */
  readonly body: string | undefined
  readonly answer: string
  readonly query: readonly QueryParameter[]
  /** Parameters in the path. */
  readonly named: boolean
  readonly namespaced: boolean
  /** On a kind that a definition makes, which has no form in protobuf and no strategic merge. */
  readonly custom: boolean
}

export interface QueryParameter {
  readonly name: string
  readonly type: 'string' | 'boolean' | 'integer'
}

/** The operations of one group version. `path` of the key is `api/v1` or `apis/apps/v1`. */
export interface GroupOperations {
  readonly key: string
  readonly operations: readonly Operation[]
  /** Types that definitions make. */
  readonly custom: ReadonlyMap<string, CustomType>
}

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.'
const STATUS = `${META}Status`

const text = (name: string): QueryParameter => ({ name, type: 'string' })
const flag = (name: string): QueryParameter => ({ name, type: 'boolean' })
const number = (name: string): QueryParameter => ({ name, type: 'integer' })

const LIST_QUERY = [
  flag('allowWatchBookmarks'),
  text('continue'),
  text('fieldSelector'),
  text('labelSelector'),
  number('limit'),
  text('resourceVersion'),
  text('resourceVersionMatch'),
  flag('sendInitialEvents'),
  text('shardSelector'),
  number('timeoutSeconds'),
  flag('watch'),
]
const WRITE_QUERY = [text('dryRun'), text('fieldManager'), text('fieldValidation')]
const DELETE_QUERY = [
  text('dryRun'),
  number('gracePeriodSeconds'),
  flag('ignoreStoreReadErrorWithClusterBreakingPotential'),
  flag('orphanDependents'),
  text('propagationPolicy'),
]

interface Rule {
  readonly method: Operation['method']
  readonly action: string
  readonly query: readonly QueryParameter[]
  readonly named: boolean
  readonly verb: string
}

/** What each action of the facts is over HTTP. `connect` is two; what can be watched has two more paths. */
const RULES: Readonly<Record<string, readonly Rule[]>> = {
  get: [{ method: 'get', action: 'get', query: [], named: true, verb: 'read' }],
  list: [{ method: 'get', action: 'list', query: LIST_QUERY, named: false, verb: 'list' }],
  post: [{ method: 'post', action: 'post', query: WRITE_QUERY, named: false, verb: 'create' }],
  put: [{ method: 'put', action: 'put', query: WRITE_QUERY, named: true, verb: 'replace' }],
  patch: [{ method: 'patch', action: 'patch', query: [...WRITE_QUERY, flag('force')], named: true, verb: 'patch' }],
  delete: [{ method: 'delete', action: 'delete', query: DELETE_QUERY, named: true, verb: 'delete' }],
  deletecollection: [
    {
      method: 'delete',
      action: 'deletecollection',
      query: [...DELETE_QUERY, ...LIST_QUERY.filter((q) => !/^(allow|watch)/.test(q.name))],
      named: false,
      verb: 'deleteCollection',
    },
  ],
  connect: [
    { method: 'get', action: 'connect', query: [], named: true, verb: 'connectGet' },
    { method: 'post', action: 'connect', query: [], named: true, verb: 'connectPost' },
  ],
}

const WATCHES: readonly Rule[] = [
  { method: 'get', action: 'watchlist', query: LIST_QUERY, named: false, verb: 'watch' },
  { method: 'get', action: 'watch', query: LIST_QUERY, named: true, verb: 'watch' },
]

/** All group versions that are served, in discovery's order. */
export function allOperations(registry: Registry): readonly GroupOperations[] {
  return groupVersions(registry).map(({ group, version, resources }) => {
    const stored = new Set(resources.map((r) => r.resource.resource))
    const facts = servedResources.filter((r) => r.group === group && r.version === version)
    const key = group === '' ? `api/${version}` : `apis/${group}/${version}`
    const own = facts.filter((r) => stored.has(r.resource) || !r.actions.includes('get'))
    const operations = [
      ...(own.length > 0 ? [discoveryOf(key, group, version)] : []),
      ...own.flatMap((r) => operationsOf(`/${key}`, r, { ...typesOf(r), custom: false }, ownKindOf(r))),
    ]
    const custom = new Map<string, CustomType>()
    for (const { resource, version: served } of resources) {
      if (!served.schema) continue
      for (const [ref, type] of customTypes(served)) custom.set(ref, type)
      const types = { type: served.typeRef, listType: listTypeRef(served) }
      for (const r of customServed(resource, served)) {
        const scale = r.kind.group !== served.group
        const used = { ...(scale ? typesOf(r) : types), custom: true }
        operations.push(...operationsOf(`/${key}`, r, used, served.kind))
      }
    }
    return { key, operations, custom }
  })
}

/** The list of what a group version has. */
function discoveryOf(key: string, group: string, version: string): Operation {
  return {
    path: `/${key}/`,
    method: 'get',
    action: '',
    id: `get${groupName(group)}${capital(version)}APIResources`,
    tag: tagOf(group, version),
    kind: { group, version, kind: 'APIResourceList' },
    body: undefined,
    answer: `${META}APIResourceList`,
    query: [],
    named: false,
    namespaced: false,
    custom: false,
  }
}

interface Types {
  readonly type: string | undefined
  readonly listType: string | undefined
}

function typesOf({ kind }: (typeof servedResources)[number]): Types {
  const type = typeRefOfKind(kind.group, kind.version, kind.kind)
  return { type, listType: type === undefined ? undefined : `${type}List` }
}

function operationsOf(
  root: string,
  served: (typeof servedResources)[number],
  { type, listType, custom }: Types & { custom: boolean },
  ownKind: string,
): Operation[] {
  const { resource, subresource, namespaced, kind } = served
  const place = namespaced ? `${root}/namespaces/{namespace}/${resource}` : `${root}/${resource}`
  const tail = subresource === '' ? '' : `/${subresource}`
  const isWatched = !custom && served.actions.includes('list') && served.actions.includes('post')
  const rules = [...served.actions.flatMap((name) => RULES[name] ?? []), ...(isWatched ? WATCHES : [])]
  return rules.flatMap((rule) => {
    const named = rule.named || subresource !== ''
    const below = (path: string) => (rule.action.startsWith('watch') ? path.replace(root, `${root}/watch`) : path)
    const many = rule.action === 'watchlist' ? 'List' : ''
    const operation: Operation = {
      path: below(`${place}${named ? '/{name}' : ''}${tail}`),
      method: rule.method,
      action: rule.action,
      id: `${idOf(served, ownKind, rule.verb, namespaced)}${many}`,
      tag: tagOf(served.group, served.version),
      kind: { group: kind.group, kind: kind.kind, version: kind.version },
      body: bodyOf(rule, type),
      answer: answerOf(rule, type, listType),
      query: rule.query,
      named,
      namespaced,
      custom,
    }
    if (!['list', 'watchlist'].includes(rule.action) || !namespaced) return [operation]
    const everywhere = `${idOf(served, ownKind, rule.verb, false)}${many}ForAllNamespaces`
    return [operation, { ...operation, path: below(`${root}/${resource}`), namespaced: false, id: everywhere }]
  })
}

function bodyOf(rule: Rule, type: string | undefined): string | undefined {
  switch (rule.action) {
    case 'post':
    case 'put':
      return type
    case 'patch':
      return `${META}Patch`
    case 'delete':
    case 'deletecollection':
      return `${META}DeleteOptions`
    default:
      return undefined
  }
}

function answerOf(rule: Rule, type: string | undefined, listType: string | undefined): string {
  switch (rule.action) {
    case 'list':
      return listType ?? STATUS
    case 'connect':
      return 'string'
    case 'watch':
    case 'watchlist':
      return `${META}WatchEvent`
    case 'delete':
    case 'deletecollection':
      return STATUS
    default:
      return type ?? STATUS
  }
}

const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1)

/** `apps` → `Apps`, `rbac.authorization.k8s.io` → `RbacAuthorization`. */
function groupName(group: string): string {
  if (group === '') return 'Core'
  return group
    .replace(/\.k8s\.io$/, '')
    .split('.')
    .map(capital)
    .join('')
}

function tagOf(group: string, version: string): string {
  const name = groupName(group)
  return `${name.charAt(0).toLowerCase()}${name.slice(1)}_${version}`
}

/** The kind of the resource that a subresource belongs to. */
function ownKindOf(served: (typeof servedResources)[number]): string {
  const own = servedResources.find(
    (r) =>
      r.group === served.group &&
      r.version === served.version &&
      r.resource === served.resource &&
      r.subresource === '',
  )
  return own?.kind.kind ?? served.kind.kind
}

function idOf(served: (typeof servedResources)[number], kind: string, verb: string, namespaced: boolean): string {
  const where = `${groupName(served.group)}${capital(served.version)}`
  const connect = /^connect(.+)$/.exec(verb)?.[1] ?? ''
  const plain = connect ? 'connect' : verb === 'deleteCollection' ? 'delete' : verb
  const collection = verb === 'deleteCollection' ? 'Collection' : ''
  return `${plain}${where}${connect}${collection}${namespaced ? 'Namespaced' : ''}${kind}${capital(served.subresource)}`
}
