import { describe, expect, it } from 'vitest'
import { type OwnershipEntry, upgradedOwnership } from './upgrade-ownership.ts'

const ANNOTATION = { 'f:metadata': { 'f:annotations': { 'f:kubectl.kubernetes.io/last-applied-configuration': {} } } }
const entry = (manager: string, operation: string, fieldsV1: object, more: object = {}): OwnershipEntry => ({
  ...{ manager, operation, apiVersion: 'apps/v1', fieldsV1 },
  ...more,
})

describe('bringing an object over to apply on the server', () => {
  it('gives what the client applied to the manager of the server', () => {
    const client = entry('kubectl-client-side-apply', 'Update', { ...ANNOTATION, 'f:spec': { 'f:replicas': {} } })
    const server = entry('kubectl', 'Apply', { 'f:spec': { 'f:selector': {} } })
    const other = entry('controller', 'Update', { 'f:status': {} }, { subresource: 'status' })
    expect(upgradedOwnership([server, client, other], 'kubectl')).toEqual([
      { ...server, fieldsV1: { ...ANNOTATION, 'f:spec': { 'f:replicas': {}, 'f:selector': {} } } },
      other,
    ])
  })

  it('renames the entry of the client where the server has none', () => {
    const client = entry('kubectl', 'Update', ANNOTATION)
    expect(upgradedOwnership([client], 'mine')).toEqual([{ ...client, manager: 'mine', operation: 'Apply' }])
  })

  it('joins only what was written in the same version, and drops the rest', () => {
    const server = entry('kubectl', 'Apply', { 'f:spec': { 'f:selector': {} } })
    const client = entry('kubectl-client-side-apply', 'Update', ANNOTATION, { apiVersion: 'apps/v1beta1' })
    expect(upgradedOwnership([server, client], 'kubectl')).toEqual([server])
  })

  it('has nothing to do where nobody applied on the client', () => {
    expect(upgradedOwnership([entry('a', 'Update', { 'f:spec': {} })], 'kubectl')).toBeUndefined()
    expect(upgradedOwnership([], 'kubectl')).toBeUndefined()
  })
})
