import { expect, it } from 'vitest'
import type { KubeObject } from '../object.ts'
import { choosePods, type DrainRules } from './choose-pods.ts'

const rules: DrainRules = {
  force: false,
  ignoreDaemonSets: false,
  deleteEmptyDirData: false,
  skipDeletedAfterSeconds: 0,
  nowMs: 1_000_000,
  daemonSetProblem: () => undefined,
}

const pod = (name: string, kind?: string, more: Partial<KubeObject> = {}): KubeObject => ({
  ...more,
  metadata: { name, namespace: 'ns', ...(kind ? { ownerReferences: [{ kind, name, controller: true }] } : {}) },
})
const withEmptyDir = { spec: { volumes: [{ name: 'v', emptyDir: {} }] } }

it.each([
  ['replicated', pod('a', 'ReplicaSet'), {}, { pods: 1 }],
  ['alone', pod('a'), {}, { problem: 'cannot delete Pods that declare no controller (use --force to override)' }],
  ['alone, forced', pod('a'), { force: true }, { pods: 1, warning: 'deleting Pods that declare no controller' }],
  ['finished', pod('a', undefined, { status: { phase: 'Failed' } }), {}, { pods: 1 }],
  [
    'of a daemon set',
    pod('a', 'DaemonSet'),
    { force: true },
    { problem: 'DaemonSet-managed Pods (use --ignore-daemonsets to ignore)' },
  ],
  ['ignored', pod('a', 'DaemonSet'), { ignoreDaemonSets: true }, { warning: 'ignoring DaemonSet-managed Pods' }],
  [
    'with data',
    pod('a', 'Job', withEmptyDir),
    {},
    { problem: 'Pods with local storage (use --delete-emptydir-data to override)' },
  ],
  ['with data to lose', pod('a', 'Job', withEmptyDir), { deleteEmptyDirData: true }, { pods: 1 }],
] as const)('a pod %s', (_, one, more, expected: { pods?: number; warning?: string; problem?: string }) => {
  const chosen = choosePods([one], { ...rules, ...more })
  expect({ pods: chosen.pods.length, warnings: chosen.warnings, problems: chosen.problems }).toEqual({
    pods: expected.pods ?? 0,
    warnings: expected.warning && `${expected.warning}: ns/a`,
    problems: expected.problem ? [`cannot delete ${expected.problem}: ns/a`] : [],
  })
})
