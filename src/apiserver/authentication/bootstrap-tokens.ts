// Bootstrap tokens: `id.secret`, kept as secrets in kube-system, good for joining a node to the cluster.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/

import { timingSafeEqual } from 'node:crypto'
import type { Secret } from '../../api/generated/core-v1.ts'
import type { Clock } from '../../machinery/clock.ts'
import type { Registry } from '../registry/registry.ts'
import { AUTHENTICATED_GROUP, type UserInfo } from '../user.ts'
import type { Authenticator } from './authenticator.ts'

const TOKEN = /^([a-z0-9]{6})\.([a-z0-9]{16})$/
const NAMESPACE = 'kube-system'
const TYPE = 'bootstrap.kubernetes.io/token'
const GROUP = 'system:bootstrappers'
const EXTRA_GROUP = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/

/** Knows tokens of the form `[a-z0-9]{6}.[a-z0-9]{16}`; has no opinion about any other, nor about unknown ones. */
export function bootstrapTokenAuthenticator(options: { registry: Registry; clock: Clock }): Authenticator {
  const { registry, clock } = options
  return async ({ bearerToken }) => {
    const [, id, secret] = TOKEN.exec(bearerToken ?? '') ?? []
    if (id === undefined || secret === undefined) return undefined
    const entry = await registry.find(registry.resource('', 'secrets'), NAMESPACE, `bootstrap-token-${id}`)
    return entry && userOf(entry.object as unknown as Secret, { id, secret, now: clock.now() })
  }
}

/** The user of a token as its secret describes it; undefined when the secret does not fit. */
function userOf(stored: Secret, given: { id: string; secret: string; now: number }): UserInfo | undefined {
  const value = (key: string) => Buffer.from(stored.data?.[key] ?? '', 'base64').toString()
  if (stored.type !== TYPE || stored.metadata.deletionTimestamp !== undefined) return undefined
  if (value('token-id') !== given.id || !sameSecret(value('token-secret'), given.secret)) return undefined
  const expiration = value('expiration')
  if (expiration !== '' && !(Date.parse(expiration) > given.now)) return undefined
  if (value('usage-bootstrap-authentication') !== 'true') return undefined
  const extra = value('auth-extra-groups')
    .split(',')
    .filter((group) => group !== '')
  if (!extra.every((group) => EXTRA_GROUP.test(group))) return undefined
  return { name: `system:bootstrap:${given.id}`, groups: [GROUP, ...extra, AUTHENTICATED_GROUP] }
}

function sameSecret(stored: string, given: string): boolean {
  return stored.length === given.length && timingSafeEqual(Buffer.from(stored), Buffer.from(given))
}
