// Objects as meta.k8s.io Tables: what `kubectl get` prints.
// Spec: https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables

import { badRequest } from '../../machinery/errors.ts'
import type { ApiObject, StoredObject } from '../api-object.ts'
import type { Entry } from '../registry/entry.ts'
import type { Column, ResourceDefinition } from '../resource-definition.ts'
import { genericColumns } from '../resources/columns/common.ts'

/** What goes beside the cells of a row. */
export type IncludeObject = 'None' | 'Metadata' | 'Object'

/** Reads the query parameter of that name. Throws BadRequest. Model: ValidateTableOptions. */
export function includeObjectOf(value: string | null): IncludeObject {
  if (!['Metadata', 'None', 'Object', ''].includes(value ?? '')) {
    throw badRequest(
      `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(value)}: must be 'Metadata', 'Object', 'None', or empty`,
    )
  }
  return value === 'None' || value === 'Object' ? value : 'Metadata'
}

interface TableOptions {
  readonly wrapperVersion: string
  readonly include: IncludeObject
  readonly now: number
  /** Column headings are sent once per watch. */
  readonly withColumns: boolean
}

/** What a Table is of: `view` is set where cells come from what the entry shows, and not from what is stored. */
export interface Rows {
  readonly definition: Pick<ResourceDefinition, 'columns'>
  readonly view?: unknown
}

/** An object, and the form of it that columns are made of where that is another. */
interface Shown extends Pick<Entry, 'object'> {
  readonly origin?: Pick<Entry, 'object'>
}

/** A Table of some entries with the list's metadata. */
export function tableOf(resource: Rows, entries: readonly Shown[], metadata: object, options: TableOptions): object {
  const columns = columnsOf(resource)
  return {
    kind: 'Table',
    apiVersion: options.wrapperVersion,
    metadata,
    columnDefinitions: options.withColumns
      ? columns
          .filter(({ hasHeading }) => hasHeading !== false)
          .map(({ name, type, format = '', description, priority = 0 }) => ({
            ...{ name, type, format, description, priority },
          }))
      : null,
    // Without columns of its own upstream adds rows to none at all (NewDefaultTableConvertor).
    rows:
      entries.length === 0 && resource.definition.columns === undefined
        ? null
        : entries.map((entry) => ({
            cells: columns.map((column) =>
              column.value((resource.view ? entry : (entry.origin ?? entry)).object as ApiObject, options.now),
            ),
            object: partOf(entry.object, options),
          })),
  }
}

function columnsOf(resource: Rows): readonly Column<ApiObject>[] {
  return resource.definition.columns ?? genericColumns
}

function partOf(object: StoredObject, options: TableOptions): object | null {
  switch (options.include) {
    case 'None':
      return null
    case 'Object':
      return object
    case 'Metadata':
      return partialMetadata(object, options.wrapperVersion)
  }
}

/** The object with nothing but its metadata. */
export function partialMetadata(object: StoredObject, wrapperVersion: string): object {
  return { kind: 'PartialObjectMetadata', apiVersion: wrapperVersion, metadata: object.metadata }
}
