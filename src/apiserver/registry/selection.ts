// Label and field selectors of list, watch and deletecollection.

import { badRequest } from '../../machinery/errors.ts'
import { matches, parseSelector, type Selector, SelectorError } from '../../machinery/labels.ts'
import type { ApiObject, StoredObject } from '../api-object.ts'
import type { Resource } from './resource.ts'

interface FieldRequirement {
  readonly field: string
  readonly equal: boolean
  readonly value: string
}

/** What is selected. `all` short-cuts the common case. */
export interface Selection {
  readonly all: boolean
  /** Set when the selection names one object. */
  readonly name: string | undefined
  matches(object: StoredObject): boolean
}

const NOTHING_SELECTED: Selection = { all: true, name: undefined, matches: () => true }

/** Parses both selectors for a resource. Throws BadRequest with upstream's wording. */
export function selectionOf(
  resource: Resource,
  query: { labelSelector: string | undefined; fieldSelector: string | undefined; version: string },
): Selection {
  if (!query.labelSelector && !query.fieldSelector) return NOTHING_SELECTED
  const labels = parseLabels(query.labelSelector ?? '')
  const fields = parseFields(resource, query.fieldSelector ?? '', query.version)
  const named = fields.find((f) => f.field === 'metadata.name' && f.equal)
  return {
    all: false,
    name: named?.value,
    matches: (object) =>
      matches(labels, object.metadata.labels) &&
      fields.every((f) => (fieldValue(resource, object, f.field) === f.value) === f.equal),
  }
}

function parseLabels(text: string): Selector {
  try {
    return parseSelector(text)
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error
    throw badRequest(`unable to parse requirement: ${error.message.replace(/^unable to parse requirement: /, '')}`, {
      cause: error,
    })
  }
}

function parseFields(resource: Resource, text: string, version: string): FieldRequirement[] {
  const out: FieldRequirement[] = []
  for (const term of splitTerms(text)) {
    const match = /^([^=!]+)(!=|==|=)((?:.|\n)*)$/.exec(term)
    if (!match) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`)
    const [, field = '', operator, value = ''] = match
    const known =
      field === 'metadata.name' ||
      (field === 'metadata.namespace' && resource.namespaced) ||
      resource.definition.selectableFields?.[field] !== undefined
    if (!known) {
      throw badRequest(
        `Unable to find ${JSON.stringify(`${resource.group === '' ? '' : `${resource.group}/`}${version}, Resource=${resource.resource}`)} that match label selector "", field selector ${JSON.stringify(text)}: field label not supported: ${field}`,
      )
    }
    out.push({ field, equal: operator !== '!=', value: unescaped(value) })
  }
  return out
}

function splitTerms(text: string): string[] {
  return (text.match(/(?:\\.|[^,\\])+/g) ?? []).map((t) => t.trim()).filter((t) => t !== '')
}

function unescaped(value: string): string {
  return value.replace(/\\([\\,=])/g, '$1')
}

function fieldValue(resource: Resource, object: StoredObject, field: string): string {
  if (field === 'metadata.name') return object.metadata.name
  if (field === 'metadata.namespace') return object.metadata.namespace ?? ''
  return resource.definition.selectableFields?.[field]?.(object as ApiObject) ?? ''
}
