// Pod disruption budgets and priority classes.

import type { PodDisruptionBudget } from '../../api/generated/policy-v1.ts'
import type { PriorityClass } from '../../api/generated/scheduling-v1.ts'
import { as, type Describer } from './describer.ts'
import { printEvents, subjectOf } from './events.ts'
import { formatLabels, printName, selectorTextOrNone } from './format.ts'

export const describePodDisruptionBudget: Describer = async (object, w, context) => {
  const { metadata, spec, status } = as<PodDisruptionBudget>(object)
  printName(w, metadata)
  if (spec.minAvailable !== undefined) w.line(0, `Min available:\t${spec.minAvailable}`)
  else if (spec.maxUnavailable !== undefined) w.line(0, `Max unavailable:\t${spec.maxUnavailable}`)
  w.line(0, `Selector:\t${spec.selector ? selectorTextOrNone(spec.selector) : '<unset>'}`)
  w.line(0, 'Status:')
  w.line(2, `Allowed disruptions:\t${status.disruptionsAllowed ?? 0}`)
  w.line(2, `Current:\t${status.currentHealthy ?? 0}`)
  w.line(2, `Desired:\t${status.desiredHealthy ?? 0}`)
  w.line(2, `Total:\t${status.expectedPods ?? 0}`)
  await printEvents(w, context, subjectOf(object))
}

export const describePriorityClass: Describer = async (object, w, context) => {
  const { metadata, value, globalDefault, preemptionPolicy, description } = as<PriorityClass>(object)
  printName(w, metadata, false)
  w.line(0, `Value:\t${value}`)
  w.line(0, `GlobalDefault:\t${globalDefault ?? false}`)
  w.line(0, `PreemptionPolicy:\t${preemptionPolicy ?? ''}`)
  w.line(0, `Description:\t${description ?? ''}`)
  w.line(0, `Annotations:\t${formatLabels(metadata.annotations)}`)
  await printEvents(w, context, subjectOf(object))
}
