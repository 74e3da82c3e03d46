// Rules on who owns fields. Wording: k8s.io/apimachinery/pkg/apis/meta/v1/validation.

import { type FieldError, field } from '../../machinery/errors.ts'
import { quote } from '../../machinery/go/format.ts'
import type { ApiObject } from '../api-object.ts'

export const MAX_MANAGER = 128
const MAX_SUBRESOURCE = 256
const PLAIN = /^[ -~]*$/
export const UNPRINTABLE = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu

/** Model: ValidateFieldManager, which names characters and their places as Go does. */
export function managerProblems(path: string, manager: string): FieldError[] {
  const problems: FieldError[] = []
  // Nearly every one is; and every update comes by here.
  if (manager.length <= MAX_MANAGER && PLAIN.test(manager)) return problems
  if (Buffer.byteLength(manager) > MAX_MANAGER) problems.push(field.tooLong(path, MAX_MANAGER))
  for (const { 0: character, index } of manager.matchAll(UNPRINTABLE)) {
    const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
    const at = Buffer.byteLength(manager.slice(0, index))
    const message = `Invalid value: ${quote(manager)}: invalid character U+${code} (at position ${at})`
    problems.push({ type: 'FieldValueInvalid', path, message })
  }
  return problems
}

/** Model: ValidateManagedFields. Of what clients sent only valid operations and types come so far. */
export function ownerProblems({ metadata }: ApiObject): FieldError[] {
  return (metadata.managedFields ?? []).flatMap(({ manager = '', subresource = '' }, i) => {
    const path = `metadata.managedFields[${i}]`
    const problems = managerProblems(`${path}.manager`, manager)
    return subresource.length > MAX_SUBRESOURCE
      ? [...problems, field.tooLong(`${path}.subresource`, MAX_SUBRESOURCE)]
      : problems
  })
}
