// Labels of nodes that have another name today. Model: k8s.io/kubernetes/pkg/api/node.

import type { NodeSelectorTerm } from '../../../api/generated/core-v1.ts'
import type { LabelSelector } from '../../../api/generated/meta-v1.ts'
import { labelValueProblem } from '../../../machinery/names.ts'

const since = (version: string, instead: string) => `deprecated since ${version}; use "${instead}" instead`
const DEPRECATED = new Map([
  ['beta.kubernetes.io/arch', since('v1.14', 'kubernetes.io/arch')],
  ['beta.kubernetes.io/os', since('v1.14', 'kubernetes.io/os')],
  ['failure-domain.beta.kubernetes.io/region', since('v1.17', 'topology.kubernetes.io/region')],
  ['failure-domain.beta.kubernetes.io/zone', since('v1.17', 'topology.kubernetes.io/zone')],
  ['beta.kubernetes.io/instance-type', since('v1.17', 'node.kubernetes.io/instance-type')],
  ['app.kubernetes.io/created-by', 'deprecated since v1.9'],
  ['scheduler.alpha.kubernetes.io/preferAvoidPods', 'deprecated since v1.22; use Taints and Tolerations instead'],
  ['node-role.kubernetes.io/master', 'use "node-role.kubernetes.io/control-plane" instead'],
])

/** What is said of a label; undefined of those in good standing. */
export function deprecationOf(label: string): string | undefined {
  return DEPRECATED.get(label)
}

/** Of the keys of a map of labels, each told at the path that `at` gives. */
export function labelWarnings(labels: object | undefined, at: (label: string) => string): string[] {
  return Object.keys(labels ?? {}).flatMap((label) => {
    const message = deprecationOf(label)
    return message === undefined ? [] : [`${at(label)}: ${message}`]
  })
}

function expressionWarnings(key: string, path: string): string[] {
  const message = deprecationOf(key)
  return message === undefined ? [] : [`${path}: ${key} is ${message}`]
}

/** Of one term of a selector of nodes; `values`: whether its values are looked at, too. */
export function termWarnings({ matchExpressions = [] }: NodeSelectorTerm, path: string, values = false): string[] {
  return matchExpressions.flatMap(({ key, values: given = [] }, i) => {
    const at = `${path}.matchExpressions[${i}]`
    const wrong = given.flatMap((value, v) => {
      const problem = values ? labelValueProblem(value) : undefined
      return problem === undefined ? [] : [`${at}.values[${v}]: ${value} is invalid, ${problem}`]
    })
    return [...expressionWarnings(key, `${at}.key`), ...wrong]
  })
}

/** Of a selector of labels that nodes have. */
export function selectorWarnings({ matchExpressions = [], matchLabels }: LabelSelector, path: string): string[] {
  return [
    ...matchExpressions.flatMap(({ key }, i) => expressionWarnings(key, `${path}.matchExpressions[${i}].key`)),
    ...labelWarnings(matchLabels, (label) => `${path}.matchLabels.${label}`),
  ]
}
