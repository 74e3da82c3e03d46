// ValidatingAdmissionWebhook: asks webhooks whether a request may go on, all at once.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/

import type { StoredObject } from '../../api-object.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts'
import { isExempt, type Seen } from '../dynamic/matching.ts'
import { showObject } from '../dynamic/shown-object.ts'
import { callHook, type HookEnv, hookMatches } from './call-hook.ts'
import { configuredHooks, type Hook } from './hooks.ts'

const FAILED_OPEN = 'failed-open.validating.webhook.admission.k8s.io/'

interface Shown {
  readonly object: StoredObject | undefined
  readonly old: StoredObject | undefined
}

export function validatingWebhooks(env: HookEnv): AdmissionPlugin {
  const configured = configuredHooks(env.registry, 'validatingwebhookconfigurations')

  async function ask(attributes: AdmissionAttributes, hooks: readonly Hook[]): Promise<void> {
    const relevant: { hook: Hook; seen: Seen }[] = []
    for (const hook of hooks) {
      const seen = await hookMatches(env, hook, attributes)
      if (seen) relevant.push({ hook, seen })
    }
    const shown = new Map<string, Promise<Shown>>()
    const calls = relevant.map(async ({ hook, seen }, i) => {
      const { apiVersion } = seen.version
      const objects = shown.get(apiVersion) ?? showBoth(attributes, seen)
      shown.set(apiVersion, objects)
      await callHook(env, hook, attributes, {
        ...(await objects),
        seen,
        mutating: false,
        failedOpenKey: `${FAILED_OPEN}round_0_index_${i}`,
      })
    })
    const { clock } = env.registry
    const started = clock.now()
    const refused = (await Promise.allSettled(calls)).find((result) => result.status === 'rejected')
    attributes.context.waited?.(clock.now() - started)
    if (refused) throw refused.reason
  }

  async function validate(attributes: AdmissionAttributes, pending: Promise<readonly Hook[]>): Promise<void> {
    const hooks = await pending
    if (hooks.length > 0) await ask(attributes, hooks)
  }

  return {
    name: 'ValidatingAdmissionWebhook',
    validate(attributes) {
      if (isExempt(attributes)) return undefined
      const hooks = configured.get()
      if (hooks instanceof Promise) return validate(attributes, hooks)
      return hooks.length === 0 ? undefined : ask(attributes, hooks)
    },
  }
}

async function showBoth(attributes: AdmissionAttributes, seen: Seen): Promise<Shown> {
  const { object, old } = attributes
  return {
    object: object && (await showObject(attributes, seen, object as StoredObject)),
    old: old && (await showObject(attributes, seen, old)),
  }
}
