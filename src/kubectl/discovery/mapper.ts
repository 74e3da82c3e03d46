// From what the user types (`po`, `Pods`, `deploy.apps`, `deployments.v1.apps`) to a resource of the server.
// Model: k8s.io/client-go/restmapper with its shortcut expander, and the builder's mappingFor.

import { KubectlError } from '../errors.ts'
import type { DiscoveredResource, Discovery } from './discovery.ts'

/** The resource a command works on. */
export type Mapping = DiscoveredResource

/** No resource of that kind; the words depend on who asked. */
export class NoKindMatchError extends Error {
  override name = 'NoKindMatchError'
}

/** `apps/v1`, or `v1` for the core group. */
export const groupVersionOf = (m: { group: string; version: string }) =>
  m.group === '' ? m.version : `${m.group}/${m.version}`

/** `deployments.apps`, or `pods` for the core group. */
export const groupResourceOf = (m: { group: string; name: string }) =>
  m.group === '' ? m.name : `${m.name}.${m.group}`

/** Path of a collection or, with a name, of one object. */
export function pathOf(mapping: Mapping, namespace?: string, name?: string, subresource?: string): string {
  const base = mapping.group === '' ? `/api/${mapping.version}` : `/apis/${mapping.group}/${mapping.version}`
  const inNamespace = mapping.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  const tail = [name, subresource].filter((part) => part).map((part) => `/${encodeURIComponent(part ?? '')}`)
  return `${base}${inNamespace}/${mapping.name}${tail.join('')}`
}

export interface RestMapper {
  /** Throws KubectlError when the server has no such resource. */
  mappingFor(argument: string): Promise<Mapping>
  /** Every resource of a name, the most preferred first; a short name means one of them. */
  candidates(name: string): Promise<readonly Mapping[]>
  /** By apiVersion and kind, as manifests name it. Throws NoKindMatchError. */
  mappingForKind(apiVersion: string, kind: string): Promise<Mapping>
  /** Resources of a category such as `all`; undefined when there is none of that name. */
  category(name: string): Promise<readonly Mapping[] | undefined>
  discovery(): Promise<Discovery>
}

/** A mapper over `load`, which is asked again, past its cache, when something is not found. */
export function createMapper(
  load: (fresh: boolean) => Promise<Discovery>,
  warn: (text: string) => void = () => {},
): RestMapper {
  let current: Promise<Discovery> | undefined
  let fresh = false
  const discovery = () => {
    current ??= load(false)
    return current
  }
  const refreshed = () => {
    if (!fresh) {
      fresh = true
      current = load(true)
    }
    return discovery()
  }
  const find = async <T>(look: (d: Discovery) => T | undefined) => look(await discovery()) ?? look(await refreshed())
  return {
    discovery,
    async mappingFor(argument) {
      const mapping = await find((d) => findResource(d, argument))
      if (mapping) {
        for (const text of ambiguities(await discovery(), argument, mapping)) warn(text)
        return mapping
      }
      throw new KubectlError(`the server doesn't have a resource type ${JSON.stringify(argument.split('.', 1)[0])}`)
    },
    async candidates(name) {
      const known = await find((d) => {
        const found = candidatesOf(d, name.toLowerCase())
        return found.length > 0 ? found : undefined
      })
      const [first] = known ?? []
      if (first) for (const text of ambiguities(await discovery(), name, first)) warn(text)
      return known ?? []
    },
    async mappingForKind(apiVersion, kind) {
      const mapping = await find((d) => d.resources.find((r) => r.kind === kind && groupVersionOf(r) === apiVersion))
      if (mapping) return mapping
      throw new NoKindMatchError(`no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}`)
    },
    async category(name) {
      const all = preferred(await discovery()).filter((r) => r.categories.includes(name))
      return all.length === 0 ? undefined : all
    },
  }
}

function candidatesOf(discovery: Discovery, name: string): readonly Mapping[] {
  const short = discovery.resources.find((r) => r.shortNames.includes(name))
  const wanted = short?.name ?? name
  return discovery.resources.filter(
    (r) => (r.name === wanted || r.singular === wanted) && (short === undefined || r.group === short.group),
  )
}

/** Every resource once, in its preferred version. */
export function preferred(discovery: Discovery): DiscoveredResource[] {
  const seen = new Set<string>()
  return discovery.resources.filter((r) => {
    const key = `${r.group}/${r.name}`
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}

/** The resource that `argument` names; undefined when there is none. */
export function findResource(discovery: Discovery, argument: string): Mapping | undefined {
  const parts = argument.split('.')
  const [first = '', second = ''] = parts
  if (parts.length >= 3) {
    const version = second
    const group = parts.slice(2).join('.')
    const exact = byName(discovery, first, (r) => r.version === version && r.group === group)
    if (exact) return exact
  }
  const group = parts.slice(1).join('.')
  return byName(discovery, first, ...groupTests(group)) ?? byKind(discovery, parts)
}

/** What kubectl says when a short name fits other resources too. */
function ambiguities(discovery: Discovery, argument: string, chosen: Mapping): string[] {
  if (argument.includes('.') || !chosen.shortNames.includes(argument)) return []
  const others = discovery.resources.filter((r) => r.shortNames.includes(argument))
  const names = new Set(others.map(groupResourceOf))
  names.delete(groupResourceOf(chosen))
  return [...names].map(
    (name) => `short name ${JSON.stringify(argument)} could also match lower priority resource ${name}`,
  )
}

/** A group is meant exactly before it is meant as a beginning. */
function groupTests(group: string): ((r: DiscoveredResource) => boolean)[] {
  if (group === '') return [() => true]
  return [(r) => r.group === group, (r) => r.group.startsWith(group)]
}

function byName(
  discovery: Discovery,
  typed: string,
  ...tests: ((r: DiscoveredResource) => boolean)[]
): Mapping | undefined {
  const name = typed.toLowerCase()
  for (const test of tests) {
    const short = discovery.resources.find((r) => r.shortNames.includes(name) && test(r))
    const found = short ?? discovery.resources.find((r) => (r.name === name || r.singular === name) && test(r))
    if (found) return found
  }
  return undefined
}

function byKind(discovery: Discovery, parts: readonly string[]): Mapping | undefined {
  const [kind = '', second = '', ...rest] = parts
  const versioned = discovery.resources.find(
    (r) => parts.length >= 2 && r.kind === kind && r.version === second && r.group === rest.join('.'),
  )
  return versioned ?? discovery.resources.find((r) => r.kind === kind && r.group === parts.slice(1).join('.'))
}
