// Takes `deployments.apps.spec.template` apart into a resource and a path of fields.
// Model: k8s.io/kubectl/pkg/explain.

import { KubectlError } from '../errors.ts'
import { JsonPathError, type JsonPathNode, parseJsonPathTemplate } from '../template/jsonpath-parser.ts'
import type { GroupVersionResource } from './schema.ts'

const FIRST = 'first node must be field node'

/** The first word of a request, which names the resource, and the fields that follow. */
export function splitRequest(
  text: string,
  complaint = 'all nodes must be field nodes',
): { resource: string; fieldPath: string[] } {
  const [first, ...rest] = fieldNodes(text)
  if (first?.type !== 'field') throw new KubectlError(`invalid jsonpath syntax, ${FIRST}`)
  const fieldPath = rest.map((node) => {
    if (node.type !== 'field') throw new KubectlError(`invalid jsonpath syntax, ${complaint}`)
    return node.name
  })
  return { resource: first.name, fieldPath }
}

/**
 * The candidate whose `resource.group` begins the request, with the fields behind it; otherwise the first candidate.
 * `candidates` are the resources of the first word's name, the most preferred first.
 */
export function chooseResource(
  text: string,
  candidates: readonly GroupVersionResource[],
): { gvr: GroupVersionResource; fieldPath: string[] } | undefined {
  for (const gvr of candidates) {
    const name = gvr.group === '' ? gvr.resource : `${gvr.resource}.${gvr.group}`
    if (!text.startsWith(name)) continue
    const rest = text.slice(name.length)
    return { gvr, fieldPath: rest === '' ? [] : splitRequest(`x${rest}`, FIRST).fieldPath }
  }
  const [gvr] = candidates
  return gvr && { gvr, fieldPath: splitRequest(text, FIRST).fieldPath }
}

function fieldNodes(text: string): JsonPathNode[] {
  try {
    const nodes = parseJsonPathTemplate(`{.${text.replace(/\.$/, '')}}`)
    const [only, ...more] = nodes
    if (only?.type !== 'list' || more.length > 0) throw new KubectlError('must pass in 1 jsonpath string')
    return only.nodes
  } catch (error) {
    if (error instanceof JsonPathError) throw new KubectlError(error.message, { cause: error })
    throw error
  }
}
