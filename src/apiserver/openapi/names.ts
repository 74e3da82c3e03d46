// How groups are called in the names of operations.

import { capital } from './rules.ts'

/** `apps` → `Apps`, `rbac.authorization.k8s.io` → `RbacAuthorization`. */
export function groupName(group: string): string {
  if (group === '') return 'Core'
  return group
    .replace(/\.k8s\.io$/, '')
    .split('.')
    .map(capital)
    .join('')
}

/** What the operations of a group, or of one of its versions, are filed under. */
export function tagOf(group: string, version?: string): string {
  const name = groupName(group)
  const tag = `${name.charAt(0).toLowerCase()}${name.slice(1)}`
  return version === undefined ? tag : `${tag}_${version}`
}
