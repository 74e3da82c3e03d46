// Sets of fields, in the very form in which managedFields carries them (FieldsV1): a tree of path elements. A node
// without children is a member; one with children is a member too when it holds ".". Sets are never changed, and
// results share what did not change with what they were made from.

import { canonicalElement, compareElements, printElement } from './path-element.ts'

/** A set of fields. At the top, `{}` is the empty set; below, `{}` is a field that is owned. */
export interface FieldSet {
  readonly [element: string]: FieldSet
}

type Building = { [element: string]: FieldSet }

/** The node of an owned field with nothing owned below. */
export const LEAF: FieldSet = Object.freeze({})
/** The set of no fields. */
export const EMPTY: FieldSet = Object.freeze({})

/** True for a set without members, and for a node with nothing below. */
export function isEmpty(node: FieldSet): boolean {
  for (const _ in node) return false
  return true
}

/** Whether the field that a node (not the top) stands for is itself owned. */
function isMember(node: FieldSet): boolean {
  return node['.'] !== undefined || isEmpty(node)
}

/** The node of a field: undefined when neither it nor anything below is owned. */
export function nodeOf(children: FieldSet | undefined, member: boolean): FieldSet | undefined {
  if (children === undefined || isEmpty(children)) return member ? LEAF : undefined
  return member ? { '.': LEAF, ...children } : children
}

/** The set with one path, given as elements. */
export function setOfPath(...elements: readonly string[]): FieldSet {
  return elements.reduceRight<FieldSet>((below, element) => ({ [element]: below }), LEAF)
}

/** The set with several paths. */
export function setOfPaths(...paths: readonly (readonly string[])[]): FieldSet {
  return paths.map((path) => setOfPath(...path)).reduce(union, EMPTY)
}

/** Members of either set. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmpty(b)) return a
  if (isEmpty(a)) return b
  return unite(a, b)
}

/** The top of a set differs from a node below only in what having no children means. */
function unite(a: FieldSet, b: FieldSet): FieldSet {
  let out: Building | undefined
  for (const element in b) {
    const theirs = b[element]
    if (theirs === undefined) continue
    const own = a[element]
    const both = own === undefined ? theirs : uniteNodes(own, theirs)
    if (both === own) continue
    out ??= { ...a }
    out[element] = both
  }
  return out ?? a
}

function uniteNodes(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b) return a
  if (isEmpty(a)) return isMember(b) ? b : { '.': LEAF, ...b }
  if (isEmpty(b)) return isMember(a) ? a : { '.': LEAF, ...a }
  return unite(a, b)
}

/** Members of both sets. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  return common(a, b) ?? EMPTY
}

function common(a: FieldSet, b: FieldSet): FieldSet | undefined {
  let out: Building | undefined
  for (const element in a) {
    if (element === '.') continue
    const left = a[element]
    const right = b[element]
    if (left === undefined || right === undefined) continue
    const both = nodeOf(common(left, right), isMember(left) && isMember(right))
    if (both === undefined) continue
    out ??= {}
    out[element] = both
  }
  return out
}

/** Members of `a` that are not members of `b`; what lies below a member of `b` stays. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  return subtract(a, b, false) ?? EMPTY
}

/** Members of `a` that are neither members of `b` nor below one. */
export function recursiveDifference(a: FieldSet, b: FieldSet): FieldSet {
  return subtract(a, b, true) ?? EMPTY
}

/** `a` itself when nothing of it is in `b`; undefined when nothing is left. */
function subtract(a: FieldSet, b: FieldSet, recursive: boolean): FieldSet | undefined {
  let changes: Map<string, FieldSet | undefined> | undefined
  for (const element in b) {
    if (element === '.') continue
    const left = a[element]
    const right = b[element]
    if (left === undefined || right === undefined) continue
    const rest = remaining(left, right, recursive)
    if (rest === left) continue
    changes ??= new Map()
    changes.set(element, rest)
  }
  return changes ? withChanges(a, changes) : a
}

/** Deleting from a copy would be shorter, and leave a slow object behind. */
function withChanges(a: FieldSet, changes: ReadonlyMap<string, FieldSet | undefined>): FieldSet | undefined {
  let out: Building | undefined
  for (const element in a) {
    const node = changes.has(element) ? changes.get(element) : a[element]
    if (node === undefined) continue
    out ??= {}
    out[element] = node
  }
  return out
}

function remaining(left: FieldSet, right: FieldSet, recursive: boolean): FieldSet | undefined {
  if (isMember(right) && recursive) return undefined
  const member = isMember(left)
  const keeps = member && (recursive || !isMember(right))
  if (isEmpty(left)) return keeps ? left : undefined
  const below = withoutSelf(left)
  const rest = subtract(below, right, recursive)
  if (rest === below && keeps === member) return left
  return nodeOf(rest, keeps)
}

function withoutSelf(node: FieldSet): FieldSet {
  if (node['.'] === undefined) return node
  const { '.': _, ...below } = node
  return below
}

/** Whether the field at `path` is a member. */
export function hasPath(set: FieldSet, path: readonly string[]): boolean {
  let node: FieldSet | undefined = set
  for (const element of path) node = node?.[element]
  return path.length > 0 && node !== undefined && isMember(node)
}

/** What the set says of the fields below `element`, as a set of its own; undefined when nothing. */
export function below(set: FieldSet, element: string): FieldSet | undefined {
  const node = set[element]
  if (node === undefined) return undefined
  const rest = withoutSelf(node)
  return isEmpty(rest) ? undefined : rest
}

/** Members that no other member lies below. */
export function leaves(set: FieldSet): FieldSet {
  const out: Building = {}
  for (const element in set) {
    const node = set[element]
    if (element !== '.' && node !== undefined) out[element] = isEmpty(node) ? node : leaves(node)
  }
  return out
}

export function sameSet(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true
  let count = 0
  for (const element in a) {
    const left = a[element]
    const right = b[element]
    if (left === undefined || right === undefined || !sameSet(left, right)) return false
    count += 1
  }
  for (const _ in b) count -= 1
  return count === 0
}

/** The paths of all members: at each level the members first, then what lies below. */
export function pathsOf(set: FieldSet): string[] {
  const out: string[] = []
  const visit = (node: FieldSet, prefix: string) => {
    const elements = Object.keys(node)
      .filter((element) => element !== '.')
      .sort(compareElements)
    const named = elements.map((element) => ({ path: prefix + printElement(element), child: node[element] ?? LEAF }))
    for (const { path, child } of named) if (isMember(child)) out.push(path)
    for (const { path, child } of named) visit(child, path)
  }
  visit(set, '')
  return out
}

const MAX_KNOWN = 2048
const MAX_TEXT = 8192
const known = new Map<string, FieldSet>()
/** Sets that are in order, with their text. */
const texts = new WeakMap<FieldSet, string>()

/** The set with its elements in the order in which they are written. Equal sets are mostly the same object. */
export function canonical(set: FieldSet): FieldSet {
  if (texts.has(set)) return set
  const text = JSON.stringify(set)
  const found = known.get(text)
  if (found) return found
  const sorted = sort(set)
  const ordered = JSON.stringify(sorted)
  if (text.length > MAX_TEXT) {
    texts.set(sorted, ordered)
    return sorted
  }
  // The oldest make room: objects of one kind by one writer are alike, so few forms are many sets.
  if (known.size >= MAX_KNOWN) for (const oldest of [...known.keys()].slice(0, MAX_KNOWN / 4)) known.delete(oldest)
  const same = known.get(ordered) ?? sorted
  if (same === sorted) texts.set(same, ordered)
  known.set(ordered, same)
  known.set(text, same)
  return same
}

/** The JSON of a set. That of sets in order is made once. */
export function textOf(set: FieldSet): string {
  return texts.get(set) ?? JSON.stringify(set)
}

function sort(node: FieldSet): FieldSet {
  const elements = Object.keys(node)
  if (elements.length === 0) return LEAF
  elements.sort(compareElements)
  const out: Building = {}
  for (const element of elements) out[element] = sort(node[element] ?? LEAF)
  return out
}

/** A set as a client sent it. Elements of unknown kinds are left out. Throws Error when it is no set. */
export function parseFieldSet(value: unknown): FieldSet {
  return canonical(parseNode(value) ?? EMPTY)
}

/** Undefined for a node that holds nothing but unknown elements. */
function parseNode(value: unknown): FieldSet | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`expected a map of fields, got ${JSON.stringify(value)}`)
  }
  const out: Building = {}
  for (const [text, inner] of Object.entries(value)) {
    if (text === '.') {
      out['.'] = LEAF
      continue
    }
    const element = canonicalElement(text)
    if (element !== undefined) out[element] = parseNode(inner) ?? LEAF
  }
  const elements = Object.keys(out)
  return elements.length === 1 && elements[0] === '.' ? LEAF : out
}
