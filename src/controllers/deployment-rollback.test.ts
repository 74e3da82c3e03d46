import { describe, expect, it } from 'vitest'
import type { ReadDeployment, ReadReplicaSet } from './deployment-plan.ts'
import { planRollback } from './deployment-rollback.ts'

const ROLLBACK_TO = 'deprecated.deployment.rollback.to'
const REVISION = 'deployment.kubernetes.io/revision'
const template = (image: string, labels: Record<string, string> = {}) => ({
  metadata: { labels: { app: 'a', ...labels } },
  spec: { containers: [{ name: 'c', image }] },
})
const deployment = (annotations: Record<string, string>) =>
  ({
    metadata: { name: 'd', namespace: 'n', annotations: { [REVISION]: '3', mine: 'new', ...annotations } },
    spec: { selector: {}, template: template('v3') },
    status: {},
  }) as unknown as ReadDeployment
const replicaSet = (revision: number) =>
  ({
    metadata: { name: `d-${revision}`, annotations: { [REVISION]: String(revision), mine: `of ${revision}` } },
    spec: { selector: {}, template: template(`v${revision}`, { 'pod-template-hash': `h${revision}` }) },
    status: {},
  }) as unknown as ReadReplicaSet

describe('planRollback', () => {
  const all = [1, 3, 2].map(replicaSet)

  it('does nothing unasked', () => {
    expect(planRollback(deployment({}), all)).toBeUndefined()
    expect(planRollback(deployment({ [ROLLBACK_TO]: 'x' }), all)).toBeUndefined()
  })

  it.each([
    ['1', 'v1'],
    // Zero is the revision before this one.
    ['0', 'v2'],
  ])('goes to revision %s', (asked, image) => {
    const rollback = planRollback(deployment({ [ROLLBACK_TO]: asked }), all)
    const revision = image.slice(1)
    expect(rollback?.deployment.spec.template).toEqual(template(image))
    expect(rollback?.deployment.metadata.annotations).toEqual({ [REVISION]: '3', mine: `of ${revision}` })
    expect(rollback?.event).toEqual({
      type: 'Normal',
      reason: 'DeploymentRollback',
      message: `Rolled back deployment "d" to revision ${revision}`,
    })
  })

  it.each([
    ['9', all, 'DeploymentRollbackRevisionNotFound'],
    ['0', [replicaSet(3)], 'DeploymentRollbackRevisionNotFound'],
    ['3', all, 'DeploymentRollbackTemplateUnchanged'],
  ])('takes a request for %s back with a warning', (asked, sets, reason) => {
    const rollback = planRollback(deployment({ [ROLLBACK_TO]: asked }), sets)
    expect(rollback?.event).toMatchObject({ type: 'Warning', reason })
    expect(rollback?.deployment).toEqual(deployment({}))
  })
})
