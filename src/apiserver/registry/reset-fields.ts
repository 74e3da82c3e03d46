// What writes of an object, or to one of its subresources, leave as it is, whatever they say. Model: ResetFieldsStrategy.

import { type FieldSet, setOfPaths } from '../../machinery/apply/field-set.ts'
import type { ApiObject, StoredObject } from '../api-object.ts'
import { keepMetadata, METADATA_OF_OBJECT } from '../resource-definition.ts'
import type { Resource } from './resource.ts'

const sets = new Map<string, FieldSet>()

function resetPaths({ definition, storage, view }: Resource, subresource: string): readonly string[] {
  const own = definition.resets?.[subresource]
  if (own) return own
  if (subresource === 'status') return view ? ['metadata', 'spec'] : ['spec']
  return subresource === '' && storage.subresources.has('status') ? ['status'] : []
}

/** The fields that nobody comes to own by such a write. */
export function resetFields(resource: Resource, subresource: string): FieldSet | undefined {
  const paths = resetPaths(resource, subresource)
  if (paths.length === 0) return undefined
  const key = paths.join()
  const known = sets.get(key) ?? setOfPaths(...paths.map((path) => path.split('.').map((name) => `f:${name}`)))
  sets.set(key, known)
  return known
}

/** Puts metadata back that a write to the subresource does not change. */
export function resetMetadata(resource: Resource, subresource: string, object: ApiObject, old: StoredObject): void {
  const paths = resetPaths(resource, subresource)
  const names = paths.includes('metadata')
    ? METADATA_OF_OBJECT
    : METADATA_OF_OBJECT.filter((name) => paths.includes(`metadata.${name}`))
  keepMetadata(object, old as ApiObject, names)
}
