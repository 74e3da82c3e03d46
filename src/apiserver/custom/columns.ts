// Columns of custom resources. Model: k8s.io/apiextensions-apiserver/pkg/registry/customresource/tableconvertor.

import type { CustomResourceColumnDefinition } from '../../api/generated/apiextensions-v1.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import { humanDuration } from '../../machinery/duration.ts'
import { sortedEntries } from '../../machinery/go/value.ts'
import { type ApiObject, isRecord } from '../api-object.ts'
import type { Column } from '../resource-definition.ts'
import { nameColumn } from '../resources/columns/common.ts'
import { follow, isJsonPath, parseJsonPath } from './json-path.ts'

const AGE: CustomResourceColumnDefinition = {
  name: 'Age',
  type: 'date',
  description: 'Time at which the object was created.',
  jsonPath: '.metadata.creationTimestamp',
}

/** The columns of a version: its name, then what the definition lists, or else the age. */
export function columnsOf(
  definitions: readonly DeepReadonly<CustomResourceColumnDefinition>[] = [],
): Column<ApiObject>[] {
  const listed = definitions.length > 0 ? definitions : [AGE]
  // From the first path that cannot be understood on, none is shown.
  const broken = listed.findIndex(({ jsonPath }) => !isJsonPath(jsonPath))
  return [nameColumn, ...listed.slice(0, broken < 0 ? undefined : broken).map(columnOf)]
}

function columnOf(definition: DeepReadonly<CustomResourceColumnDefinition>): Column<ApiObject> {
  const { name, type, format, description, priority, jsonPath } = definition
  const path = parseJsonPath(jsonPath)
  return {
    name,
    type: type as Column<ApiObject>['type'],
    description: description ?? `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    ...(format ? { format } : {}),
    ...(priority ? { priority } : {}),
    value: (object, now) => cellOf(type, follow(path, object)[0], now),
  }
}

/** Fields in the order in which Go writes them. */
const inOrder = (_: string, value: unknown) => (isRecord(value) ? Object.fromEntries(sortedEntries(value)) : value)

/** What a cell shows of a value; null when the value is none of the column's type. */
export function cellOf(type: string, value: unknown, now: number): unknown {
  if (value === null && type === 'string') return '<no value>'
  if (value === undefined || value === null) return null
  switch (type) {
    case 'string':
      return typeof value === 'object' ? JSON.stringify(value, inOrder) : String(value)
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null
    case 'number':
      return typeof value === 'number' ? value : null
    case 'boolean':
      return typeof value === 'boolean' ? value : null
    case 'date': {
      if (typeof value !== 'string') return null
      const time = Date.parse(value)
      return Number.isNaN(time) ? '<invalid>' : humanDuration(now - time)
    }
    default:
      return null
  }
}
