// Conflicts between an applied configuration and the owners of fields it would change.

import { type FieldSet, pathsOf } from './field-set.ts'
import type { Owner } from './managers.ts'

/** The fields that one owner would lose. */
export interface Conflict {
  readonly owner: Owner
  readonly fields: FieldSet
}

/** An apply would change what others own. */
export class ApplyConflict extends Error {
  override name = 'ApplyConflict'
  readonly conflicts: readonly Conflict[]

  constructor(conflicts: readonly Conflict[]) {
    super(conflictMessage(conflicts))
    this.conflicts = conflicts
  }

  /** One cause a field, as the details of the Status list them. */
  causes(): { reason: string; message: string; field: string }[] {
    return this.conflicts.flatMap(({ owner, fields }) =>
      pathsOf(fields).map((path) => ({
        reason: 'FieldManagerConflict',
        message: `conflict with ${printOwner(owner)}`,
        field: path,
      })),
    )
  }
}

function conflictMessage(conflicts: readonly Conflict[]): string {
  const listed = conflicts.map(({ owner, fields }) => ({ owner: printOwner(owner), paths: pathsOf(fields) }))
  const count = listed.reduce((sum, { paths }) => sum + paths.length, 0)
  const [only] = listed
  if (count === 1 && only) return `Apply failed with 1 conflict: conflict with ${only.owner}: ${only.paths[0]}`
  const lines = listed.flatMap(({ owner, paths }) => [`conflicts with ${owner}:`, ...paths.map((path) => `- ${path}`)])
  return `Apply failed with ${count} conflicts: ${lines.join('\n')}`
}

function printOwner({ manager, operation, apiVersion, subresource }: Owner): string {
  const name = JSON.stringify(manager)
  const full = subresource === '' ? name : `${name} with subresource ${JSON.stringify(subresource)}`
  return operation === 'Update' ? `${full} using ${apiVersion}` : full
}
