// The authorizers that a configuration names, one after the other, with administrators let in before all of them.

import type { Clock } from '../../machinery/clock.ts'
import type { Logger } from '../../machinery/logger.ts'
import type { Random } from '../../machinery/random.ts'
import { type ReviewEndpoint, reviewClient } from '../review-client.ts'
import { MASTERS_GROUP } from '../user.ts'
import { type AbacPolicy, abacAuthorizer, abacRules } from './abac.ts'
import { type Authorizer, firstOpinion } from './authorizer.ts'
import type { RbacAuthorizer } from './rbac.ts'
import { allRules, type RuleResolver } from './rule-resolver.ts'
import { type WebhookObserver, type WebhookSettings, webhookAuthorizer } from './webhook.ts'

export type AuthorizerSettings =
  | { readonly type: 'Node' | 'RBAC' | 'AlwaysAllow' | 'AlwaysDeny'; readonly name: string }
  | { readonly type: 'ABAC'; readonly name: string; readonly policies: readonly AbacPolicy[] }
  | {
      readonly type: 'Webhook'
      readonly name: string
      readonly webhook: WebhookSettings
      readonly endpoint: ReviewEndpoint
    }

/** As upstream's kubeadm and k3s set it. */
const DEFAULT: readonly AuthorizerSettings[] = [
  { type: 'Node', name: 'node' },
  { type: 'RBAC', name: 'rbac' },
]

/** How often an authorizer said yes and no. */
export interface DecisionCount {
  readonly type: string
  readonly name: string
  allowed: number
  denied: number
}

/** What metrics want to know of webhooks. */
export interface AuthorizationObserver {
  attempt(name: string, code: string, seconds: number, error: unknown): void
  of(name: string): WebhookObserver
}

export interface ConfiguredAuthorization {
  readonly authorizer: Authorizer
  readonly rules: RuleResolver
  readonly counts: readonly DecisionCount[]
}

export function configuredAuthorization(
  settings: readonly AuthorizerSettings[] = DEFAULT,
  env: {
    readonly node: Authorizer
    readonly rbac: RbacAuthorizer
    readonly clock: Clock
    readonly random: Random
    readonly log: Logger
    readonly observer?: AuthorizationObserver | undefined
  },
): ConfiguredAuthorization {
  const made = settings.map((entry) => ({ ...entry, ...makeOne(entry, env) }))
  const counts: DecisionCount[] = made.map(({ type, name }) => ({ type, name, allowed: 0, denied: 0 }))
  const counted = made.map(({ authorizer }, i) => counting(authorizer, counts[i]))
  return {
    authorizer: firstOpinion([administrators, ...counted]),
    rules: allRules(made.map(({ rules }) => rules)),
    counts,
  }
}

/** Whatever else is configured, nobody is locked out. */
const administrators: Authorizer = {
  authorize: ({ user }) =>
    user.groups.includes(MASTERS_GROUP) ? { verdict: 'allow', reason: '' } : { verdict: 'none', reason: '' },
}

function counting(authorizer: Authorizer, count: DecisionCount | undefined): Authorizer {
  if (!count) return authorizer
  const noted = (verdict: string) => {
    if (verdict === 'allow') count.allowed += 1
    else if (verdict === 'deny') count.denied += 1
  }
  return {
    authorize(attributes) {
      const answer = authorizer.authorize(attributes)
      if (answer instanceof Promise) {
        return answer.then((decision) => {
          noted(decision.verdict)
          return decision
        })
      }
      noted(answer.verdict)
      return answer
    },
  }
}

const EVERYTHING: RuleResolver = () => ({
  rules: [
    { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
    { verbs: ['*'], nonResourceURLs: ['*'] },
  ],
  incomplete: false,
})
const NOTHING: RuleResolver = () => ({ rules: [], incomplete: false })
const UNKNOWN: RuleResolver = () => ({
  rules: [],
  incomplete: true,
  error: 'webhook authorizer does not support user rule resolution',
})

function makeOne(
  entry: AuthorizerSettings,
  { node, rbac, clock, random, log, observer }: Parameters<typeof configuredAuthorization>[1],
): { authorizer: Authorizer; rules: RuleResolver } {
  switch (entry.type) {
    case 'Node':
      return { authorizer: node, rules: NOTHING }
    case 'RBAC':
      return { authorizer: rbac, rules: rbac.resolver }
    case 'AlwaysAllow':
      return { authorizer: { authorize: () => ({ verdict: 'allow', reason: '' }) }, rules: EVERYTHING }
    case 'AlwaysDeny':
      return {
        authorizer: { authorize: () => ({ verdict: 'none', reason: 'Everything is forbidden.' }) },
        rules: NOTHING,
      }
    case 'ABAC':
      return { authorizer: abacAuthorizer(entry.policies), rules: abacRules(entry.policies) }
    case 'Webhook': {
      const { name, webhook, endpoint } = entry
      const ask = reviewClient({
        endpoint,
        timeoutMs: webhook.timeoutMs,
        clock,
        random,
        observe: observer && ((code, seconds, error) => observer.attempt(name, code, seconds, error)),
      })
      const authorizer = webhookAuthorizer({ settings: webhook, ask, clock, log, observer: observer?.of(name) })
      return { authorizer, rules: UNKNOWN }
    }
  }
}
