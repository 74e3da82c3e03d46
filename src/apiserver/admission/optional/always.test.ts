import { expect, it } from 'vitest'
import type { AdmissionAttributes } from '../admission.ts'
import { alwaysAdmit, alwaysDeny } from './always.ts'

const attributes = { resource: { group: '', resource: 'configmaps' }, name: 'c' } as unknown as AdmissionAttributes

it('lets everything through, or nothing', () => {
  expect(alwaysAdmit.admit?.(attributes)).toBeUndefined()
  const why = 'configmaps "c" is forbidden: admission control is denying all modifications'
  expect(() => alwaysDeny.admit?.(attributes)).toThrow(why)
  expect(() => alwaysDeny.validate?.(attributes)).toThrow(why)
})
