// MutatingAdmissionWebhook: lets webhooks change the object of a request, one after the other.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/

import { internalError } from '../../../machinery/errors.ts'
import { JsonPatchError, jsonPatch } from '../../../machinery/json-patch.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import type { StoredObject } from '../../api-object.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts'
import { isExempt, type Seen } from '../dynamic/matching.ts'
import { showObject, takeObject } from '../dynamic/shown-object.ts'
import { Reinvocation } from '../reinvocation.ts'
import { callHook, type HookEnv, hookMatches } from './call-hook.ts'
import { configuredHooks, type Hook } from './hooks.ts'
import type { ReviewAnswer } from './review.ts'

const NAME = 'MutatingAdmissionWebhook'
const FAILED_OPEN = 'failed-open.mutation.webhook.admission.k8s.io/'
const MUTATION = 'mutation.webhook.admission.k8s.io/'
const PATCH = 'patch.webhook.admission.k8s.io/'

export function mutatingWebhooks(env: HookEnv): AdmissionPlugin {
  const configured = configuredHooks(env.registry, 'mutatingwebhookconfigurations')

  async function ask(attributes: AdmissionAttributes, hooks: readonly Hook[]): Promise<void> {
    const reinvocation = Reinvocation.of(attributes)
    reinvocation.begin(NAME, attributes.object)
    for (const [i, hook] of hooks.entries()) {
      const seen = await hookMatches(env, hook, attributes)
      if (!seen || !reinvocation.includes(NAME, hook.id)) continue
      const changed = await mutate(attributes, hook, seen, `round_${reinvocation.running ? 1 : 0}_index_${i}`)
      reinvocation.called(NAME, hook.id, { changed, ifNeeded: hook.webhook.reinvocationPolicy === 'IfNeeded' })
    }
    reinvocation.end(NAME, attributes.object)
  }

  /** Asks one webhook, and does what it answers. Gives whether the object changed. */
  async function mutate(attributes: AdmissionAttributes, hook: Hook, seen: Seen, place: string): Promise<boolean> {
    const { configuration, webhook } = hook
    const told = { configuration, webhook: webhook.name }
    let mutated = false
    try {
      mutated = await answered(attributes, hook, seen, place)
      return mutated
    } finally {
      attributes.context.annotate?.(`${MUTATION}${place}`, JSON.stringify({ ...told, mutated }))
    }
  }

  async function answered(attributes: AdmissionAttributes, hook: Hook, seen: Seen, place: string): Promise<boolean> {
    const { object, old, context } = attributes
    const shown = object && (await showObject(attributes, seen, object as StoredObject))
    const answer = await callHook(env, hook, attributes, {
      seen,
      object: shown,
      old: old && (await showObject(attributes, seen, old)),
      mutating: true,
      failedOpenKey: `${FAILED_OPEN}${place}`,
    })
    const patched = answer && patchedBy(answer, hook, shown)
    const changed = patched !== undefined && !sameJson(patched, shown)
    if (changed) await takeObject(attributes, seen, patched, env.registry.clock.now())
    if (patched !== undefined) {
      const { configuration, webhook } = hook
      const patch = answer?.operations?.map(sortedOperation)
      const said = { configuration, webhook: webhook.name, patch, patchType: 'JSONPatch' }
      context.annotate?.(`${PATCH}${place}`, JSON.stringify(said), true)
    }
    return changed
  }

  async function admit(attributes: AdmissionAttributes, pending: Promise<readonly Hook[]>): Promise<void> {
    const hooks = await pending
    if (hooks.length > 0) await ask(attributes, hooks)
  }

  return {
    name: NAME,
    admit(attributes) {
      if (isExempt(attributes)) return undefined
      const hooks = configured.get()
      if (hooks instanceof Promise) return admit(attributes, hooks)
      return hooks.length === 0 ? undefined : ask(attributes, hooks)
    },
  }
}

/** With its keys in order, as Go writes maps. */
function sortedOperation(operation: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(operation).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The object as a webhook's patch makes it; undefined when it has none. */
function patchedBy({ operations = [] }: ReviewAnswer, { webhook }: Hook, shown: StoredObject | undefined): unknown {
  if (operations.length === 0) return undefined
  if (!shown) {
    throw internalError(
      `admission webhook ${JSON.stringify(webhook.name)} attempted to modify the object, which is not supported for this operation`,
    )
  }
  try {
    return jsonPatch(shown, operations)
  } catch (error) {
    if (!(error instanceof JsonPatchError)) throw error
    throw internalError(error.message, { cause: error })
  }
}
