// The ingress class that a cluster starts with, and which classes and ingresses are served here.

import type { Ingress, IngressClass } from '../api/generated/networking-v1.ts'
import { ingressclasses } from '../api/generated/resources.ts'
import type { Client } from '../client/client.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { isReason } from '../machinery/errors.ts'
import { CLASS_ANNOTATION, CLASS_NAME, CONTROLLER, DEFAULT_CLASS_ANNOTATION } from './names.ts'

/** Makes the class `nginx` unless there is one. */
export async function ensureIngressClass(client: Client): Promise<void> {
  try {
    await client.create(ingressclasses, {
      metadata: { name: CLASS_NAME, annotations: { [DEFAULT_CLASS_ANNOTATION]: 'true' } },
      spec: { controller: CONTROLLER },
    })
  } catch (error) {
    if (!isReason(error, 'AlreadyExists')) throw error
  }
}

/** Whether an ingress is served here. The field goes before the old annotation. */
export function isServed(
  ingress: DeepReadonly<Ingress>,
  classNamed: (name: string) => DeepReadonly<IngressClass> | undefined,
): boolean {
  const name = ingress.spec.ingressClassName ?? ingress.metadata.annotations?.[CLASS_ANNOTATION]
  return name !== undefined && classNamed(name)?.spec.controller === CONTROLLER
}
