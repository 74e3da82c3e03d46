// The webhooks that are configured, in the order in which they are called.

import type {
  MutatingWebhook,
  MutatingWebhookConfiguration,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from '../../../api/generated/admissionregistration-v1.ts'
import type { DeepReadonly } from '../../../machinery/deep-readonly.ts'
import type { StoredObject } from '../../api-object.ts'
import { type Derived, derived } from '../../registry/derived.ts'
import type { Registry } from '../../registry/registry.ts'
import type { Criteria } from '../dynamic/matching.ts'

/** One webhook of a configuration. */
export interface Hook {
  /** Names it among all others. */
  readonly id: string
  readonly configuration: string
  readonly webhook: DeepReadonly<ValidatingWebhook & Partial<MutatingWebhook>>
  readonly criteria: Criteria
}

const GROUP = 'admissionregistration.k8s.io'

/** The webhooks of all configurations of one kind, by the configurations' names. */
export function configuredHooks(
  registry: Registry,
  resource: 'mutatingwebhookconfigurations' | 'validatingwebhookconfigurations',
): Derived<readonly Hook[]> {
  return derived(registry, registry.resource(GROUP, resource), (objects) => objects.flatMap(hooksOf))
}

function hooksOf(object: StoredObject): Hook[] {
  const configuration = object as unknown as DeepReadonly<MutatingWebhookConfiguration | ValidatingWebhookConfiguration>
  const { name } = configuration.metadata
  return (configuration.webhooks ?? []).map((webhook) => ({
    id: `${name}/${webhook.name}`,
    configuration: name,
    webhook,
    criteria: {
      rules: webhook.rules ?? [],
      matchPolicy: webhook.matchPolicy,
      namespaceSelector: webhook.namespaceSelector,
      objectSelector: webhook.objectSelector,
    },
  }))
}
