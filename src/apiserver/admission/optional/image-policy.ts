// ImagePolicyWebhook: somebody else says which images may be run.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#imagepolicywebhook

import type { Pod } from '../../../api/generated/core-v1.ts'
import type { Clock } from '../../../machinery/clock.ts'
import { forbidden } from '../../../machinery/errors.ts'
import { formatGoDuration } from '../../../machinery/go-duration.ts'
import { isRecord } from '../../api-object.ts'
import { ExpiringCache } from '../../expiring-cache.ts'
import type { WebhookClient, WebhookEndpoint } from '../../webhook-client.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts'

export interface ImagePolicySettings {
  readonly endpoint: WebhookEndpoint
  readonly allowTtlMs: number
  readonly denyTtlMs: number
  readonly firstPauseMs: number
  /** Whether images may be run when nobody answers. */
  readonly defaultAllow: boolean
}

interface Verdict {
  readonly allowed?: boolean
  readonly reason?: string
  readonly auditAnnotations?: Readonly<Record<string, string>>
}

const API_VERSION = 'imagepolicy.k8s.io/v1alpha1'
const AUDIT = 'imagepolicywebhook.image-policy.k8s.io/'
const FAILED_OPEN = 'alpha.image-policy.k8s.io/failed-open'
const REMEMBERED = 1024

export function imagePolicyWebhook(settings: ImagePolicySettings, ask: WebhookClient, clock: Clock): AdmissionPlugin {
  const known = new ExpiringCache<Verdict>({ max: REMEMBERED, clock })
  return {
    name: 'ImagePolicyWebhook',
    validate(attributes) {
      const { operation, resource, subresource } = attributes
      if (resource.group !== '' || resource.resource !== 'pods') return undefined
      if (operation !== 'CREATE' && operation !== 'UPDATE') return undefined
      return subresource === '' || subresource === 'ephemeralcontainers' ? judge(attributes) : undefined
    },
  }

  async function judge(attributes: AdmissionAttributes): Promise<void> {
    const pod = attributes.object as unknown as Pod
    const refuse = (why: string) => forbidden(attributes.resource, attributes.name, why)
    let verdict: Verdict
    try {
      verdict = await verdictOn(specOf(pod, attributes))
    } catch (error) {
      if (!settings.defaultAllow) throw refuse(error instanceof Error ? error.message : String(error))
      attributes.context.annotate?.(`${AUDIT}failed-open`, 'true')
      pod.metadata.annotations = { ...pod.metadata.annotations, [FAILED_OPEN]: 'true' }
      return
    }
    for (const [key, value] of Object.entries(verdict.auditAnnotations ?? {})) {
      attributes.context.annotate?.(`${AUDIT}${key}`, value)
    }
    if (verdict.allowed) return
    throw refuse(
      verdict.reason
        ? `image policy webhook backend denied one or more images: ${verdict.reason}`
        : 'one or more images rejected by webhook backend',
    )
  }

  async function verdictOn(spec: object): Promise<Verdict> {
    const key = JSON.stringify(spec)
    const before = known.get(key)
    if (before) return before
    const metadata = { creationTimestamp: null }
    const answer = await ask({
      kind: 'ImageReview',
      apiVersion: API_VERSION,
      metadata,
      spec,
      status: { allowed: false },
    })
    const verdict = (isRecord(answer) && isRecord(answer.status) ? answer.status : {}) as Verdict
    known.set(key, verdict, verdict.allowed ? settings.allowTtlMs : settings.denyTtlMs)
    return verdict
  }
}

function specOf({ metadata, spec }: Pod, { subresource, namespace }: AdmissionAttributes): object {
  const containers =
    subresource === '' ? [...spec.containers, ...(spec.initContainers ?? [])] : (spec.ephemeralContainers ?? [])
  const annotations = Object.entries(metadata.annotations ?? {}).filter(([key]) =>
    key.includes('.image-policy.k8s.io/'),
  )
  return {
    containers: containers.map(({ image }) => ({ image })),
    ...(annotations.length > 0 ? { annotations: Object.fromEntries(annotations) } : {}),
    namespace,
  }
}

const SECOND = 1000
const MINUTE = 60 * SECOND

/** Reads a configuration. Throws an Error that says what is wrong. */
export function readImagePolicy(document: unknown, read: (kubeconfig: string) => WebhookEndpoint): ImagePolicySettings {
  const given = isRecord(document) && isRecord(document.imagePolicy) ? document.imagePolicy : {}
  return {
    firstPauseMs: periodOf(given.retryBackoff, { unit: 1, usual: 500, least: 1e-6, most: 5 * MINUTE }),
    allowTtlMs: periodOf(given.allowTTL, { unit: SECOND, usual: 5 * MINUTE, least: SECOND, most: 30 * MINUTE }),
    denyTtlMs: periodOf(given.denyTTL, { unit: SECOND, usual: 30 * SECOND, least: SECOND, most: 30 * MINUTE }),
    defaultAllow: given.defaultAllow === true,
    endpoint: read(String(given.kubeConfigFile ?? '')),
  }
}

/** Nothing is the usual, -1 never. Model: normalizeConfigDuration. */
function periodOf(
  given: unknown,
  { unit, usual, least, most }: { unit: number; usual: number; least: number; most: number },
): number {
  const count = Number(given ?? 0)
  if (count === -1) return 0
  if (count === 0) return usual
  const value = count * unit
  if (value >= least && value <= most) return value
  throw new Error(
    `valid value is between ${formatGoDuration(least)} and ${formatGoDuration(most)}, got ${formatGoDuration(value)}`,
  )
}
