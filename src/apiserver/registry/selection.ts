// Label and field selectors of list, watch and deletecollection.

import { badRequest } from '../../machinery/errors.ts'
import { matches, parseSelector, type Selector, SelectorError } from '../../machinery/labels.ts'
import type { ApiObject, StoredObject } from '../api-object.ts'
import type { Resource, ServedVersion } from './resource.ts'

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

/** Parses both selectors for a resource in the words of one of its versions. Throws BadRequest in upstream's wording. */
export function selectionOf(
  resource: Resource,
  query: {
    labelSelector: string | undefined
    fieldSelector: string | undefined
    version?: Pick<ServedVersion, 'fieldLabels' | 'apiVersion'> | undefined
  },
): Selection {
  if (!query.labelSelector && !query.fieldSelector) return NOTHING_SELECTED
  const labels = parseLabels(query.labelSelector ?? '')
  const fields = parseFields(query.fieldSelector ?? '').map((requirement) => ({
    ...requirement,
    field: storedLabel(resource, requirement.field, query.version),
  }))
  const named = fields.find((f) => f.field === 'metadata.name' && f.equal)
  return {
    all: labels.length === 0 && fields.length === 0,
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
    throw badRequest(error.message, { cause: error })
  }
}

/** The terms of a field selector, sorted, as upstream goes through them. Model: k8s.io/apimachinery/pkg/fields. */
function parseFields(text: string): FieldRequirement[] {
  return splitTerms(text)
    .sort()
    .filter((term) => term !== '')
    .flatMap((term) => {
      // A field holds no escapes: the first operator ends it.
      const [, field, operator, value] = /^(.*?)(!=|==|=)(.*)$/s.exec(term) ?? []
      if (field === undefined || value === undefined) {
        throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`)
      }
      // Nothing that is nothing is everything: hasTerm.Transform.
      if (field === '' && value === '') return []
      return [{ field, equal: operator !== '!=', value: unescaped(value) }]
    })
}

/** Terms end at commas that no backslash escapes. */
function splitTerms(text: string): string[] {
  const terms: string[] = []
  let start = 0
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i += 1
    else if (text[i] === ',') {
      terms.push(text.slice(start, i))
      start = i + 1
    }
  }
  return [...terms, text.slice(start)]
}

function unescaped(value: string): string {
  return value.replace(/\\([\s\S]?)|=/gu, (sequence, escaped: string | undefined) => {
    if (escaped === undefined) {
      throw badRequest(`invalid field selector: unescaped character in value: ${sequence.codePointAt(0)}`)
    }
    if (escaped === '' || !'\\,='.includes(escaped)) {
      throw badRequest(`invalid field selector: invalid escape sequence: ${sequence}`)
    }
    return escaped
  })
}

/** The storage version's label for what a client selects by. Throws BadRequest for what cannot be selected by. */
function storedLabel(
  resource: Resource,
  label: string,
  version: Pick<ServedVersion, 'fieldLabels' | 'apiVersion'> | undefined,
): string {
  if (label === 'metadata.name') return label
  const { selectableFields } = resource.definition
  if (label === 'metadata.namespace' && (resource.namespaced || !selectableFields)) return label
  if (!selectableFields) {
    throw badRequest(
      `${JSON.stringify(label)} is not a known field selector: only "metadata.name", "metadata.namespace"`,
    )
  }
  const notSupported = () =>
    badRequest(
      resource.definition.unknownField?.(label, version?.apiVersion ?? resource.storage.apiVersion) ??
        `field label not supported: ${label}`,
    )
  const renamed = version?.fieldLabels
  if (renamed) {
    const stored = Object.hasOwn(renamed, label) ? renamed[label] : undefined
    if (stored === undefined) throw notSupported()
    return stored
  }
  if (!Object.hasOwn(selectableFields, label)) throw notSupported()
  return label
}

function fieldValue(resource: Resource, object: StoredObject, field: string): string {
  if (field === 'metadata.name') return object.metadata.name
  if (field === 'metadata.namespace') return object.metadata.namespace ?? ''
  return resource.definition.selectableFields?.[field]?.(object as ApiObject) ?? ''
}
