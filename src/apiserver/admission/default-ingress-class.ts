// DefaultIngressClass: gives new ingresses that name no class the default one.
// Spec: https://kubernetes.io/docs/concepts/services-networking/ingress/#default-ingress-class

import type { Ingress, IngressClass } from '../../api/generated/networking-v1.ts'
import type { Registry } from '../registry/registry.ts'
import { OLD_CLASS } from '../resources/networking/ingress-validation.ts'
import { type AdmissionPlugin, onCreate } from './admission.ts'
import { newestFirst } from './newest-first.ts'

const DEFAULT = 'ingressclass.kubernetes.io/is-default-class'

/** Of several default classes the newest is taken, and of equally old ones the first by name. */
function chooseDefaultClass(classes: Iterable<IngressClass>): string | undefined {
  const [chosen] = [...classes]
    .filter((candidate) => candidate.metadata.annotations?.[DEFAULT] === 'true')
    .sort(newestFirst)
  return chosen?.metadata.name
}

export function defaultIngressClass(registry: Registry): AdmissionPlugin {
  const classes = registry.resource('networking.k8s.io', 'ingressclasses')
  return {
    name: 'DefaultIngressClass',
    admit: onCreate('networking.k8s.io', 'ingresses', async ({ object }) => {
      const { spec, metadata } = object as unknown as Ingress
      if (spec.ingressClassName !== undefined || metadata.annotations?.[OLD_CLASS] !== undefined) return
      const cache = await registry.cache(classes)
      const known = [...cache.entriesUnder(classes.prefix)].map((entry) => entry.object as unknown as IngressClass)
      const chosen = chooseDefaultClass(known)
      if (chosen !== undefined) spec.ingressClassName = chosen
    }),
  }
}
