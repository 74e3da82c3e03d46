// DefaultTolerationSeconds: pods stay five minutes on a node that is not ready or unreachable.

import type { AdmissionPlugin } from './admission.ts'
import { writtenPod } from './optional/pods.ts'

/** How long pods stay. */
export interface DefaultTolerations {
  readonly notReadySeconds: number
  readonly unreachableSeconds: number
}

const USUAL: DefaultTolerations = { notReadySeconds: 300, unreachableSeconds: 300 }

export function defaultTolerationSeconds({
  notReadySeconds,
  unreachableSeconds,
}: DefaultTolerations = USUAL): AdmissionPlugin {
  const wanted = [
    ['node.kubernetes.io/not-ready', notReadySeconds],
    ['node.kubernetes.io/unreachable', unreachableSeconds],
  ] as const
  return {
    name: 'DefaultTolerationSeconds',
    admit(attributes) {
      const pod = writtenPod(attributes)
      if (!pod) return
      const tolerations = pod.spec.tolerations ?? []
      const lacking = wanted.filter(
        ([key]) => !tolerations.some((t) => (t.key === key || !t.key) && (t.effect === 'NoExecute' || !t.effect)),
      )
      if (lacking.length === 0) return
      const added = lacking.map(([key, tolerationSeconds]) => ({
        ...{ key, operator: 'Exists' as const, effect: 'NoExecute' as const },
        tolerationSeconds,
      }))
      pod.spec.tolerations = [...tolerations, ...added]
      attributes.filledIn = true
    },
  }
}
