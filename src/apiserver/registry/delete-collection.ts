// deletecollection: every selected object is deleted as if by itself, some at a time.

import type { DeleteOptions } from '../../api/generated/meta-v1.ts'
import { isReason } from '../../machinery/errors.ts'
import { deleteOne } from './delete.ts'
import { checkDeleteOptions } from './deletion.ts'
import { type ListQuery, type ListResult, list } from './list.ts'
import type { Registry, RequestContext } from './registry.ts'
import type { Resource } from './resource.ts'

const PARALLEL = 16

/** Gives what was selected, in order: one page of it when a limit is given. Objects that vanish meanwhile are fine. */
export async function deleteCollection(
  registry: Registry,
  resource: Resource,
  query: ListQuery,
  options: DeleteOptions,
  context: RequestContext,
): Promise<ListResult> {
  checkDeleteOptions(options)
  const selected = await list(registry, resource, query)
  const pending = [...selected.entries]
  const work = async () => {
    for (let entry = pending.shift(); entry; entry = pending.shift()) {
      const { name, namespace } = entry.object.metadata
      try {
        await deleteOne(registry, resource, name, options, { ...context, namespace: namespace ?? '' })
      } catch (error) {
        if (!isReason(error, 'NotFound')) throw error
      }
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, work))
  return selected
}
