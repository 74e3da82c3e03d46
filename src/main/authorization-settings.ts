// The flags that say who is asked who may do what.

import { readFileSync, statSync } from 'node:fs'
import { parseAbacPolicies } from '../apiserver/authorization/abac.ts'
import {
  type AuthorizerEntry,
  MODES,
  parseAuthorizationConfiguration,
} from '../apiserver/authorization/configuration.ts'
import type { AuthorizerSettings } from '../apiserver/authorization/configured.ts'
import type { WebhookSettings } from '../apiserver/authorization/webhook.ts'
import { parseGoDuration } from '../machinery/go-duration.ts'
import { readWebhookEndpoint } from './webhook-kubeconfig.ts'

type Flags = Readonly<Record<string, string>>

const flag = (name: string, description: string, file = false) => ({ name, file, description })

export const authorizationFlags = [
  flag('authorization-config', 'AuthorizationConfiguration: who is asked who may do what, in which order', true),
  flag('authorization-mode', `Who is asked who may do what, in this order, of ${MODES.join(', ')} (Node,RBAC)`),
  flag('authorization-policy-file', 'File of ABAC policies, one a line', true),
  flag('authorization-webhook-config-file', 'Kubeconfig that says where the webhook of mode Webhook is', true),
  flag('authorization-webhook-version', 'Version of the SubjectAccessReviews that the webhook gets (v1beta1)'),
  flag('authorization-webhook-cache-authorized-ttl', 'How long a yes of the webhook is remembered (5m0s)'),
  flag('authorization-webhook-cache-unauthorized-ttl', 'How long another answer of the webhook is remembered (30s)'),
] as const

const WEBHOOK_TIMEOUT_MS = 30_000

/** Reads what these flags name; undefined when none is given. Throws an Error that says which one is wrong. */
export function readAuthorization(flags: Flags): readonly AuthorizerSettings[] | undefined {
  const given = authorizationFlags.map(({ name }) => name).filter((name) => flags[name])
  if (given.length === 0) return undefined
  const path = flags['authorization-config']
  if (!path) return fromModes(flags)
  if (given.length > 1) {
    throw new Error(
      '--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined',
    )
  }
  try {
    return parseAuthorizationConfiguration(readFileSync(path, 'utf8'), fileProblem).map((entry) =>
      completed(entry, flags),
    )
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`failed to load AuthorizationConfiguration from file: ${why}`, { cause })
  }
}

function fromModes(flags: Flags): AuthorizerSettings[] {
  const modes = (flags['authorization-mode'] || 'Node,RBAC').split(',')
  for (const mode of modes) {
    if (!(MODES as readonly string[]).includes(mode)) {
      throw new Error(`authorization-mode ${JSON.stringify(mode)} is not a valid mode`)
    }
  }
  if (new Set(modes).size !== modes.length) {
    throw new Error(`authorization-mode ${JSON.stringify(modes)} has mode specified more than once`)
  }
  checkNeeds(flags, modes)
  return (modes as AuthorizerEntry['type'][]).map((type) => {
    const name = type.toLowerCase()
    if (type !== 'Webhook') return completed({ type, name }, flags)
    const kubeconfig = flags['authorization-webhook-config-file'] ?? ''
    return completed({ type, name: 'default', webhook: webhookOf(flags), kubeconfig }, flags)
  })
}

function checkNeeds(flags: Flags, modes: readonly string[]): void {
  const policies = flags['authorization-policy-file']
  const webhook = flags['authorization-webhook-config-file']
  if (modes.includes('ABAC') && !policies) {
    throw new Error("authorization-mode ABAC's authorization policy file not passed")
  }
  if (modes.includes('Webhook') && !webhook) {
    throw new Error("authorization-mode Webhook's authorization config file not passed")
  }
  if (policies && !modes.includes('ABAC'))
    throw new Error('cannot specify --authorization-policy-file without mode ABAC')
  if (webhook && !modes.includes('Webhook')) {
    throw new Error('cannot specify --authorization-webhook-config-file without mode Webhook')
  }
}

function webhookOf(flags: Flags): WebhookSettings {
  const version = flags['authorization-webhook-version'] || 'v1beta1'
  if (version !== 'v1' && version !== 'v1beta1') {
    throw new Error(
      `unsupported webhook authorizer version ${JSON.stringify(version)}, supported versions are "v1", "v1beta1"`,
    )
  }
  return {
    timeoutMs: WEBHOOK_TIMEOUT_MS,
    authorizedTtlMs: durationIn(flags, 'authorization-webhook-cache-authorized-ttl', '5m0s'),
    unauthorizedTtlMs: durationIn(flags, 'authorization-webhook-cache-unauthorized-ttl', '30s'),
    reviewVersion: version,
    failurePolicy: 'NoOpinion',
    matchConditions: [],
  }
}

/** An entry with what is in the files that it names. */
function completed(entry: AuthorizerEntry, flags: Flags): AuthorizerSettings {
  if (entry.type === 'Webhook') {
    const { type, name, webhook, kubeconfig } = entry
    try {
      return { type, name, webhook, endpoint: readWebhookEndpoint(kubeconfig) }
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new Error(`cannot use the kubeconfig ${kubeconfig} of authorizer ${JSON.stringify(name)}: ${why}`, {
        cause,
      })
    }
  }
  if (entry.type !== 'ABAC') return { type: entry.type, name: entry.name }
  const path = flags['authorization-policy-file']
  if (!path) throw new Error("authorization-mode ABAC's authorization policy file not passed")
  try {
    return { type: 'ABAC', name: entry.name, policies: parseAbacPolicies(readFileSync(path, 'utf8')) }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`error reading policy file ${path}, ${why}`, { cause })
  }
}

/** A flag's duration in milliseconds. Throws an Error that names the flag. */
export function durationIn(flags: Flags, name: string, fallback: string): number {
  const text = flags[name] || fallback
  const ms = parseGoDuration(text)
  if (ms === undefined) throw new Error(`--${name}: time: invalid duration ${JSON.stringify(text)}`)
  return ms
}

function fileProblem(path: string): string | undefined {
  try {
    return statSync(path).isFile() ? undefined : 'must be a regular file'
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return `error loading file: stat ${path}: no such file or directory`
  }
}
