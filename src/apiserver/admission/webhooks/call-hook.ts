// One call of one webhook: the question, the answer, and what a failure means.

import { badRequest, internalError } from '../../../machinery/errors.ts'
import { scanJson } from '../../../machinery/json-scan.ts'
import type { Logger } from '../../../machinery/logger.ts'
import { isRecord, type StoredObject } from '../../api-object.ts'
import type { HookObserver, HookOutcome } from '../../metrics/admission.ts'
import type { Registry } from '../../registry/registry.ts'
import type { CallWebhook } from '../../webhook-call.ts'
import type { AdmissionAttributes } from '../admission.ts'
import type { ConditionsMet } from '../dynamic/conditions.ts'
import { matched, type Seen } from '../dynamic/matching.ts'
import type { Hook } from './hooks.ts'
import { denial, type ReviewAnswer, readReview, reviewRequest, reviewVersion } from './review.ts'

export interface HookEnv {
  readonly registry: Registry
  readonly call: CallWebhook
  readonly log: Logger
  readonly conditionsMet: ConditionsMet
  /** Told of every call. */
  readonly observe?: HookObserver | undefined
}

/** The webhook could not be asked: what its failurePolicy is about. */
class CallError extends Error {
  override name = 'CallError'
}

/** How the webhook is to see the request; undefined when it is not about it. */
export async function hookMatches(
  { registry, conditionsMet }: HookEnv,
  { criteria, webhook }: Hook,
  attributes: AdmissionAttributes,
): Promise<Seen | undefined> {
  const seen = await matched(registry, criteria, attributes)
  const conditions = webhook.matchConditions ?? []
  if (!seen || conditions.length === 0) return seen
  const failsClosed = webhook.failurePolicy !== 'Ignore'
  return (await conditionsMet({ attributes, seen, conditions, failsClosed })) ? seen : undefined
}

/**
 * Asks a webhook. Undefined when it could not be asked and its policy is to go on without. Throws what the client is
 * told: the refusal, or that the call failed.
 */
export async function callHook(
  env: HookEnv,
  hook: Hook,
  attributes: AdmissionAttributes,
  question: {
    readonly seen: Seen
    readonly object: StoredObject | undefined
    readonly old: StoredObject | undefined
    readonly mutating: boolean
    /** The place of the call in the audit log. */
    readonly failedOpenKey: string
  },
): Promise<ReviewAnswer | undefined> {
  const { name, sideEffects, failurePolicy } = hook.webhook
  if (attributes.dryRun && sideEffects !== 'None' && sideEffects !== 'NoneOnDryRun') {
    throw badRequest(`admission webhook ${JSON.stringify(name)} does not support dry run`)
  }
  const { clock } = env.registry
  const started = clock.now()
  const observe = (more: Pick<HookOutcome, 'refusal' | 'failedOpen'>) => {
    const ms = clock.now() - started
    if (question.mutating) attributes.context.waited?.(ms)
    const seconds = ms / 1000
    env.observe?.({ name, mutating: question.mutating, operation: attributes.operation, seconds, ...more })
  }
  try {
    const answer = await ask(env, hook, attributes, question)
    const refusal = { type: 'no_error', code: answer.result?.code || 400 } as const
    observe(answer.allowed ? {} : { refusal })
    const { context } = attributes
    for (const [key, value] of Object.entries(answer.auditAnnotations)) context.annotate?.(`${name}/${key}`, value)
    for (const warning of answer.warnings) context.warn(warning)
    if (!answer.allowed) throw denial(name, answer.result)
    return answer
  } catch (error) {
    if (!(error instanceof CallError)) throw error
    const refusal = { type: 'calling_webhook_error', code: 0 } as const
    observe(failurePolicy === 'Ignore' ? { failedOpen: true } : { refusal })
    if (failurePolicy !== 'Ignore') throw internalError(error.message, { cause: error })
    env.log.warn('webhook-failed-open', { webhook: name, error: error.message })
    attributes.context.annotate?.(question.failedOpenKey, name)
    return undefined
  }
}

async function ask(
  { registry, call }: HookEnv,
  { webhook }: Hook,
  attributes: AdmissionAttributes,
  question: Parameters<typeof callHook>[3],
): Promise<ReviewAnswer> {
  const failed = (what: string, cause?: unknown) =>
    new CallError(`failed calling webhook ${JSON.stringify(webhook.name)}: ${what}`, { cause })
  const version = reviewVersion(webhook.admissionReviewVersions)
  if (!version) {
    throw failed(
      'could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)',
    )
  }
  const uid = registry.random.uuid()
  const { seen, object, old, mutating } = question
  const body = reviewRequest(attributes, seen, { uid, version, object, old })
  const options = { timeoutSeconds: webhook.timeoutSeconds ?? 10 }
  const answer = await call(webhook.clientConfig, body, options).catch((cause: unknown) => {
    throw failed(`failed to call webhook: ${messageOf(cause)}`, cause)
  })
  let review: ReviewAnswer
  try {
    review = readReview(answer, { uid, version, mutating })
  } catch (cause) {
    throw failed(`received invalid webhook response: ${messageOf(cause)}`, cause)
  }
  return review.allowed && review.patch !== undefined ? { ...review, operations: operationsOf(review, failed) } : review
}

/** A patch that cannot be read is a failed call, whose meaning the webhook's policy says. */
function operationsOf(
  { patch = '', patchType }: ReviewAnswer,
  failed: (what: string, cause?: unknown) => Error,
): readonly Record<string, unknown>[] {
  const text = Buffer.from(patch, 'base64').toString()
  const undecodable = (why: string) => failed(`received undecodable patch in webhook response: ${why}`)
  const { error } = scanJson(text)
  if (error !== undefined) throw undecodable(error)
  const operations: unknown = JSON.parse(text)
  if (operations === null) return []
  if (!Array.isArray(operations)) {
    throw undecodable(`json: cannot unmarshal ${jsonKind(operations)} into Go value of type jsonpatch.Patch`)
  }
  const wrong = operations.find((operation) => !isRecord(operation) && operation !== null)
  if (wrong !== undefined) {
    throw undecodable(`json: cannot unmarshal ${jsonKind(wrong)} into Go value of type jsonpatch.Operation`)
  }
  if (operations.length > 0 && patchType !== 'JSONPatch') {
    throw failed(`unsupported patch type ${JSON.stringify(patchType)}`)
  }
  return operations
}

function jsonKind(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
