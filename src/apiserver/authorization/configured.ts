// The authorizers that a configuration names, one after the other, with administrators let in before all of them.

import type { Clock } from '../../machinery/clock.ts'
import type { Logger } from '../../machinery/logger.ts'
import type { Random } from '../../machinery/random.ts'
import { MASTERS_GROUP } from '../user.ts'
import type { PostObserver } from '../webhook-call.ts'
import { type WebhookEndpoint, webhookClient } from '../webhook-client.ts'
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
      readonly endpoint: WebhookEndpoint
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
  readonly counts: () => readonly DecisionCount[]
  /** From now on others are asked; what webhooks have said before is forgotten. */
  replace(settings: readonly AuthorizerSettings[]): void
}

interface Chain {
  readonly authorizer: Authorizer
  readonly rules: RuleResolver
}

interface ChainEnv {
  readonly node: Authorizer
  readonly rbac: RbacAuthorizer
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly observer?: AuthorizationObserver | undefined
  readonly observePosts?: PostObserver | undefined
}

export function configuredAuthorization(
  settings: readonly AuthorizerSettings[] = DEFAULT,
  env: ChainEnv,
): ConfiguredAuthorization {
  const counts = new Map<string, DecisionCount>()
  let current = chainOf(settings, env, counts)
  return {
    authorizer: { authorize: (attributes) => current.authorizer.authorize(attributes) },
    rules: (user, namespace) => current.rules(user, namespace),
    counts: () => [...counts.values()],
    replace(next) {
      current = chainOf(next, env, counts)
    },
  }
}

/** `counts` keeps what was counted for authorizers of the same name. */
function chainOf(settings: readonly AuthorizerSettings[], env: ChainEnv, counts: Map<string, DecisionCount>): Chain {
  const made = settings.map((entry) => ({ ...entry, ...makeOne(entry, env) }))
  const counted = made.map(({ type, name, authorizer }) => {
    const key = `${type} ${name}`
    const count = counts.get(key) ?? { type, name, allowed: 0, denied: 0 }
    counts.set(key, count)
    return counting(authorizer, count)
  })
  return {
    authorizer: firstOpinion([administrators, ...counted]),
    rules: allRules(made.map(({ rules }) => rules)),
  }
}

/** Whatever else is configured, nobody is locked out. */
const administrators: Authorizer = {
  authorize: ({ user }) =>
    user.groups.includes(MASTERS_GROUP) ? { verdict: 'allow', reason: '' } : { verdict: 'none', reason: '' },
}

function counting(authorizer: Authorizer, count: DecisionCount): Authorizer {
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
  { node, rbac, clock, random, log, observer, observePosts }: ChainEnv,
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
      const ask = webhookClient({
        endpoint,
        timeoutMs: webhook.timeoutMs,
        clock,
        random,
        observePosts,
        observe: observer && ((code, seconds, error) => observer.attempt(name, code, seconds, error)),
      })
      const authorizer = webhookAuthorizer({ settings: webhook, ask, clock, log, observer: observer?.of(name) })
      return { authorizer, rules: UNKNOWN }
    }
  }
}
