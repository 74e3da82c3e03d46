import { expect, it } from 'vitest'
import { kubernetesVersion } from '../api/schema.ts'
import { gitVersion, versionInfo } from './version.ts'

it('is the version of the API that the schema describes', () => {
  expect(gitVersion.split('+')[0]).toBe(kubernetesVersion)
  const { major, minor } = versionInfo('amd64')
  expect(kubernetesVersion.startsWith(`v${major}.${minor}.`)).toBe(true)
})
