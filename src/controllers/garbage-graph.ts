// Who owns whom, over all objects of the cluster: the pure part of the garbage collector.

import type { OwnerReference } from '../api/generated/meta-v1.ts'
import { homeGroupOf } from '../api/legacy-groups.ts'
import type { KubeObject } from '../client/client.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import type { AnyRef } from './support/api-resources.ts'

export const FOREGROUND = 'foregroundDeletion'
export const ORPHAN = 'orphan'

type Owner = DeepReadonly<OwnerReference>

/** One object as the graph knows it. */
export interface GraphNode {
  readonly uid: string
  ref: AnyRef
  namespace: string | undefined
  name: string
  owners: readonly Owner[]
  finalizers: readonly string[]
  deleting: boolean
  /** Only known from a reference so far: may not exist. */
  virtual: boolean
  dependents: ReadonlySet<GraphNode>
}

/** Being deleted, and waiting for its dependents to go first. */
export function isDeletingDependents(node: GraphNode): boolean {
  return node.deleting && node.finalizers.includes(FOREGROUND)
}

/** Being deleted, and its dependents shall stay. */
function isOrphaning(node: GraphNode): boolean {
  return node.deleting && node.finalizers.includes(ORPHAN)
}

/** What a change of the graph asks for. */
export interface GraphWork {
  /** Look whether these must go. */
  readonly examine: readonly GraphNode[]
  /** Detach the dependents of these. */
  readonly orphan: readonly GraphNode[]
}

interface Work {
  readonly examine: GraphNode[]
  readonly orphan: GraphNode[]
}

const NOTHING: GraphWork = { examine: [], orphan: [] }
const NONE: readonly never[] = []

/** Finds the resource that an owner reference names. */
export type ResolveRef = (apiVersion: string, kind: string) => AnyRef | undefined

/** Most objects own nothing: they share this. */
const NOBODY: ReadonlySet<GraphNode> = new Set()

function addDependent(owner: GraphNode, dependent: GraphNode): void {
  if (owner.dependents === NOBODY) owner.dependents = new Set([dependent])
  else (owner.dependents as Set<GraphNode>).add(dependent)
}

function removeDependent(owner: GraphNode, dependent: GraphNode): void {
  if (owner.dependents !== NOBODY) (owner.dependents as Set<GraphNode>).delete(dependent)
}

/** Keeps the graph from what the watches report. Bounded by the number of objects in the cluster. */
export class GarbageGraph {
  readonly #nodes = new Map<string, GraphNode>()
  readonly #resolve: ResolveRef

  constructor(resolve: ResolveRef) {
    this.#resolve = resolve
  }

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid)
  }

  get size(): number {
    return this.#nodes.size
  }

  /** An object was seen, for the first time or changed. */
  observe(ref: AnyRef, object: DeepReadonly<KubeObject>): GraphWork {
    const { uid, name, namespace, ownerReferences: owners = NONE, finalizers = NONE } = object.metadata
    const deleting = object.metadata.deletionTimestamp !== undefined
    const known = this.#nodes.get(uid)
    if (!known && owners.length === 0 && !deleting) {
      // Most objects come like this, and every object comes by here.
      const alone = { uid, ref, namespace, name, owners, finalizers, deleting, virtual: false, dependents: NOBODY }
      this.#nodes.set(uid, alone)
      return NOTHING
    }
    const work: Work = { examine: [], orphan: [] }
    const before = known && {
      owners: known.owners,
      deletingDependents: isDeletingDependents(known),
      orphaning: isOrphaning(known),
    }
    const node = known ?? this.#add({ uid, ref, namespace, name })
    const wasVirtual = node.virtual
    Object.assign(node, { ref, namespace, name, owners, finalizers, deleting, virtual: false })
    this.#relink(node, before?.owners ?? [], work)
    // Dependents were linked through a guess of where the owner lives; it exists elsewhere or under another kind.
    if (wasVirtual) for (const d of node.dependents) if (!refersTo(d, node)) work.examine.push(d)
    if (isDeletingDependents(node) && !before?.deletingDependents) work.examine.push(...node.dependents, node)
    if (isOrphaning(node) && !before?.orphaning) work.orphan.push(node)
    return work
  }

  /** An object is gone (or was found not to exist). */
  forget(uid: string): GraphWork {
    const work: Work = { examine: [], orphan: [] }
    const node = this.#nodes.get(uid)
    if (!node) return work
    this.#nodes.delete(uid)
    for (const owner of node.owners) {
      const ownerNode = this.#nodes.get(owner.uid)
      if (!ownerNode) continue
      removeDependent(ownerNode, node)
      if (isDeletingDependents(ownerNode)) work.examine.push(ownerNode)
      // A virtual owner that nothing refers to is of no use.
      if (ownerNode.virtual && ownerNode.dependents.size === 0) this.#nodes.delete(ownerNode.uid)
    }
    work.examine.push(...node.dependents)
    return work
  }

  #add(at: { uid: string; ref: AnyRef; namespace: string | undefined; name: string }): GraphNode {
    const node: GraphNode = { ...at, owners: [], finalizers: [], deleting: false, virtual: true, dependents: NOBODY }
    this.#nodes.set(at.uid, node)
    return node
  }

  #relink(node: GraphNode, before: readonly Owner[], work: Work): void {
    for (const old of before) {
      const still = node.owners.find((o) => o.uid === old.uid)
      const ownerNode = this.#nodes.get(old.uid)
      if (!still && ownerNode) removeDependent(ownerNode, node)
      const unblocked = old.blockOwnerDeletion === true && still?.blockOwnerDeletion !== true
      if (ownerNode && isDeletingDependents(ownerNode) && (!still || unblocked)) work.examine.push(ownerNode)
    }
    for (const owner of node.owners) {
      const known = this.#nodes.get(owner.uid)
      if (known) {
        addDependent(known, node)
        if (!known.virtual && !refersTo(node, known)) work.examine.push(node)
        if (isDeletingDependents(known)) work.examine.push(node)
        continue
      }
      const ref = this.#resolve(owner.apiVersion, owner.kind)
      if (!ref) continue
      const namespace = ref.namespaced ? node.namespace : undefined
      const made = this.#add({ uid: owner.uid, ref, namespace, name: owner.name })
      addDependent(made, node)
      work.examine.push(made)
    }
  }
}

/** Whether the dependent's reference means this very node: name, kind and namespace, not only the uid. */
function refersTo(dependent: GraphNode, owner: GraphNode): boolean {
  const reference = dependent.owners.find((o) => o.uid === owner.uid)
  if (!reference) return false
  const [first = ''] = reference.apiVersion.split('/')
  const group = homeGroupOf(reference.apiVersion.includes('/') ? first : '', reference.kind)
  return (
    reference.name === owner.name &&
    reference.kind === owner.ref.kind &&
    group === owner.ref.group &&
    (owner.namespace === undefined || owner.namespace === dependent.namespace)
  )
}

/** The deletion that an object whose owners are all gone gets: as its finalizers say. */
function propagationOf(finalizers: readonly string[]): 'Orphan' | 'Foreground' | 'Background' {
  if (finalizers.includes(ORPHAN)) return 'Orphan'
  if (finalizers.includes(FOREGROUND)) return 'Foreground'
  return 'Background'
}

/** How each owner of an object stands. */
export interface OwnerStates {
  readonly solid: readonly Owner[]
  readonly dangling: readonly Owner[]
  readonly waiting: readonly Owner[]
}

/** What to do about an object, given how its owners stand. */
export type Verdict =
  | { readonly action: 'keep' }
  | { readonly action: 'detach'; readonly uids: readonly string[] }
  | { readonly action: 'delete'; readonly propagation: 'Orphan' | 'Foreground' | 'Background' }

/** The collector's decision about one object that is not being deleted itself. */
export function judge(states: OwnerStates, object: { finalizers: readonly string[]; hasDependents: boolean }): Verdict {
  if (states.solid.length > 0) {
    const gone = [...states.dangling, ...states.waiting]
    return gone.length === 0 ? { action: 'keep' } : { action: 'detach', uids: gone.map((o) => o.uid) }
  }
  if (states.waiting.length > 0 && object.hasDependents) return { action: 'delete', propagation: 'Foreground' }
  if (states.waiting.length === 0 && states.dangling.length === 0) return { action: 'keep' }
  return { action: 'delete', propagation: propagationOf(object.finalizers) }
}
