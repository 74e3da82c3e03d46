import { describe, expect, it } from 'vitest'
import { levelText, policyOf } from './policy.ts'

const P = 'pod-security.kubernetes.io/'
const read = (labels: Record<string, string> | undefined) => {
  const { policy, errors } = policyOf(labels)
  return {
    policy: [policy.enforce, policy.audit, policy.warn].map(levelText).join(' '),
    errors: errors.map(({ path, message }) => `${path}: ${message}`),
  }
}

describe('labels of namespaces', () => {
  it.each([
    [undefined, 'privileged:latest privileged:latest privileged:latest'],
    [{ other: 'x' }, 'privileged:latest privileged:latest privileged:latest'],
    [
      { [`${P}enforce`]: 'baseline', [`${P}enforce-version`]: 'v1.30' },
      'baseline:v1.30 privileged:latest baseline:v1.30',
    ],
    [
      { [`${P}enforce`]: 'baseline', [`${P}warn-version`]: 'v1.20' },
      'baseline:latest privileged:latest baseline:v1.20',
    ],
    [
      { [`${P}enforce`]: 'restricted', [`${P}warn`]: 'privileged', [`${P}audit`]: 'baseline' },
      'restricted:latest baseline:latest privileged:latest',
    ],
  ])('%j', (labels, policy) => {
    expect(read(labels as Record<string, string>)).toEqual({ policy, errors: [] })
  })

  it('enforces the strictest level where it cannot read one', () => {
    expect(read({ [`${P}enforce`]: 'strict', [`${P}warn`]: 'x', [`${P}audit-version`]: '1.30' })).toEqual({
      policy: 'restricted:latest privileged:latest privileged:latest',
      errors: [
        `metadata.labels[${P}enforce]: Invalid value: "strict": must be one of privileged, baseline, restricted`,
        `metadata.labels[${P}audit-version]: Invalid value: "1.30": must be "latest" or "v1.x"`,
        `metadata.labels[${P}warn]: Invalid value: "x": must be one of privileged, baseline, restricted`,
      ],
    })
  })
})
