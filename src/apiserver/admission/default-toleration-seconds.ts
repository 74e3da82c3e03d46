// DefaultTolerationSeconds: pods stay five minutes on a node that is not ready or unreachable.

import type { Pod } from '../../api/generated/core-v1.ts'
import type { AdmissionPlugin } from './admission.ts'

const SECONDS = 300
const KEYS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']

export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  admit({ operation, resource, subresource, object }) {
    if (operation !== 'CREATE' || subresource !== '' || resource.group !== '' || resource.resource !== 'pods') return
    const { spec } = object as unknown as Pod
    const tolerations = spec.tolerations ?? []
    for (const key of KEYS) {
      const tolerated = tolerations.some((t) => (t.key === key || !t.key) && (t.effect === 'NoExecute' || !t.effect))
      if (!tolerated) tolerations.push({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: SECONDS })
    }
    spec.tolerations = tolerations
  },
}
