// leases. Rules and wording: k8s.io/kubernetes/pkg/apis/coordination/validation.

import type { Lease, LeaseSpec } from '../../../api/generated/coordination-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { defineResource } from '../../resource-definition.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import { checkNonNegative, checkOptionalEnum, checkPositive, checkQualifiedName } from '../core/field-checks.ts'

const STRATEGIES = ['OldestEmulationVersion']

export const leases = defineResource<Lease>({
  group: 'coordination.k8s.io',
  resource: 'leases',
  generation: false,
  createOnUpdate: true,
  unconditionalUpdate: false,
  // The gate CoordinatedLeaderElection is off: what it adds is dropped where it was not used before.
  prepareCreate: ({ spec }) => dropElection(spec, {}),
  prepareUpdate: ({ spec }, old) => dropElection(spec, old.spec),
  validate({ spec }) {
    const { leaseDurationSeconds, leaseTransitions, strategy, preferredHolder } = spec
    const errors = [
      ...(leaseDurationSeconds === undefined ? [] : checkPositive('spec.leaseDurationSeconds', leaseDurationSeconds)),
      ...checkNonNegative('spec.leaseTransitions', leaseTransitions),
      // The path is upstream's.
      ...(strategy === undefined ? [] : validateStrategy('spec.strategy.strategy', strategy)),
    ]
    if (preferredHolder && !strategy) {
      errors.push(field.forbidden('spec.preferredHolder', 'may only be specified if `strategy` is defined'))
    }
    return errors
  },
  columns: [nameColumn, text('Holder', (l) => l.spec.holderIdentity ?? ''), ageColumn],
})

function dropElection(spec: LeaseSpec, old: LeaseSpec): void {
  if (old.strategy === undefined) delete spec.strategy
  if (old.preferredHolder === undefined) delete spec.preferredHolder
}

/** Strategies of Kubernetes are named plainly, others with a prefix. */
export function validateStrategy(path: string, strategy: string): FieldError[] {
  return strategy.includes('/') ? checkQualifiedName(path, strategy) : checkOptionalEnum(path, strategy, STRATEGIES)
}
