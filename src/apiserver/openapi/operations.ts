// Every operation the server offers on resources, without saying in which dialect it will be described.

import { type ServedResource, servedResources, typeRefOfKind } from '../../api/schema.ts'
import { groupVersions } from '../discovery.ts'
import { answersWithObject } from '../registry/deletion.ts'
import type { Registry } from '../registry/registry.ts'
import { type CustomType, customServed, customTypes, listTypeRef } from './custom.ts'
import { discoveryOperations, versionDiscovery } from './discovery-operations.ts'
import { groupName, tagOf } from './names.ts'
import {
  capital,
  consumedBy,
  customRule,
  type Method,
  producedBy,
  type QueryParameter,
  type Rule,
  rulesOf,
  WATCHES,
} from './rules.ts'

/** One operation on one path. */
export interface Operation {
  readonly path: string
  readonly method: Method
  /** As in `x-kubernetes-action`; empty for discovery, which has none. */
  readonly action: string
  readonly id: string
  readonly tag: string
  readonly kind: { readonly group: string; readonly kind: string; readonly version: string }
  /** Type of the request's body; absent when there is none. */
  readonly body: string | undefined
  readonly answer: string
  readonly query: readonly QueryParameter[]
  /** Media types of the request and of the answer. */
  readonly consumes: readonly string[]
  readonly produces: readonly string[]
  /** Whether it is on something that a definition makes. */
  readonly custom?: boolean
}

/** The operations of one document, whose key is like `api/v1` or `apis/apps/v1`, or `apis/apps` for discovery. */
export interface GroupOperations {
  readonly key: string
  readonly operations: readonly Operation[]
  /** Types that definitions make. */
  readonly custom: ReadonlyMap<string, CustomType>
}

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.'
const STATUS = `${META}Status`

/** All that is described: what every server has, and the group versions that are served, in discovery's order. */
export function allOperations(registry: Registry): readonly GroupOperations[] {
  const versions = versionOperations(registry)
  const groups = new Set(groupVersions(registry).map(({ group }) => group))
  const builtIn = [...groups].filter((group) => group !== '' && registry.hasBuiltIn(group))
  const others = discoveryOperations(builtIn).map((operation) => ({
    key: operation.path.slice(1, -1),
    operations: [operation],
    custom: new Map(),
  }))
  return [...others, ...versions]
}

function versionOperations(registry: Registry): readonly GroupOperations[] {
  return groupVersions(registry).map(({ group, version, resources }) => {
    const stored = new Set(resources.map((r) => r.resource.resource))
    const facts = servedResources.filter((r) => r.group === group && r.version === version)
    const key = group === '' ? `api/${version}` : `apis/${group}/${version}`
    const own = facts.filter((r) => stored.has(r.resource) || !r.actions.includes('get'))
    const operations = [
      ...(own.length > 0 ? [versionDiscovery(key, group, version)] : []),
      ...own.flatMap((r) => operationsOf(`/${key}`, r, { ...typesOf(r), custom: false }, ownKindOf(r))),
    ]
    const custom = new Map<string, CustomType>()
    for (const { resource, version: served } of resources) {
      if (!served.schema) continue
      for (const [ref, type] of customTypes(resource, served)) custom.set(ref, type)
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

interface Types {
  readonly type: string | undefined
  readonly listType: string | undefined
}

function typesOf({ kind }: ServedResource): Types {
  const type = typeRefOfKind(kind.group, kind.version, kind.kind)
  return { type, listType: type === undefined ? undefined : `${type}List` }
}

function operationsOf(
  root: string,
  served: ServedResource,
  { type, listType, custom }: Types & { custom: boolean },
  ownKind: string,
): Operation[] {
  const { resource, subresource, namespaced, kind } = served
  const place = namespaced ? `${root}/namespaces/{namespace}/${resource}` : `${root}/${resource}`
  const tail = subresource === '' ? '' : `/${subresource}`
  const isWatched = !custom && served.actions.includes('list') && served.actions.includes('post')
  const own = rulesOf(served)
  const rules = [...(custom ? own.map(customRule) : own), ...(isWatched ? WATCHES : [])]
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
      // The scale of what is custom is told of as what it is the scale of.
      kind: custom
        ? { group: served.group, kind: ownKind, version: served.version }
        : { group: kind.group, kind: kind.kind, version: kind.version },
      body: custom && rule.action === 'deletecollection' ? undefined : bodyOf(rule, type),
      custom,
      answer: answerOf(rule, served, type, listType),
      query: rule.query,
      consumes: consumedBy(rule, custom),
      produces: producedBy(rule, subresource, custom),
    }
    if (rule.action === 'connect' && subresource === 'proxy') {
      return [operation, { ...operation, path: `${operation.path}/{path}`, id: `${operation.id}WithPath` }]
    }
    if (!['list', 'watchlist'].includes(rule.action) || !namespaced) return [operation]
    const everywhere = `${idOf(served, ownKind, rule.verb, false)}${many}ForAllNamespaces`
    return [operation, { ...operation, path: below(`${root}/${resource}`), id: everywhere }]
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

function answerOf(rule: Rule, served: ServedResource, type: string | undefined, listType: string | undefined): string {
  if (served.subresource === 'log') return 'string'
  switch (rule.action) {
    case 'list':
      return listType ?? STATUS
    case 'connect':
      return 'string'
    case 'watch':
    case 'watchlist':
      return `${META}WatchEvent`
    case 'delete':
      // Of namespaces upstream says it otherwise than it does it.
      return answersWithObject(served) && served.resource !== 'namespaces' ? (type ?? STATUS) : STATUS
    case 'deletecollection':
      return STATUS
    default:
      return type ?? STATUS
  }
}

/** The kind of the resource that a subresource belongs to. */
function ownKindOf(served: ServedResource): string {
  const own = servedResources.find(
    (r) =>
      r.group === served.group &&
      r.version === served.version &&
      r.resource === served.resource &&
      r.subresource === '',
  )
  return own?.kind.kind ?? served.kind.kind
}

function idOf(served: ServedResource, kind: string, verb: string, namespaced: boolean): string {
  const where = `${groupName(served.group)}${capital(served.version)}`
  const connect = /^connect(.+)$/.exec(verb)?.[1] ?? ''
  const plain = connect ? 'connect' : verb === 'deleteCollection' ? 'delete' : verb
  const collection = verb === 'deleteCollection' ? 'Collection' : ''
  return `${plain}${where}${connect}${collection}${namespaced ? 'Namespaced' : ''}${kind}${capital(served.subresource)}`
}
