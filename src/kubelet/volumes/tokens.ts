// Bound service-account tokens for pods: asked for through TokenRequest, kept, and renewed at 80 % of their life.

import type { TokenRequest } from '../../api/generated/authentication-v1.ts'
import type { ServiceAccountTokenProjection } from '../../api/generated/core-v1.ts'
import { serviceaccounts } from '../../api/generated/resources.ts'
import type { Client } from '../../client/client.ts'
import type { Clock } from '../../machinery/clock.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import type { ApiPod } from '../pods/types.ts'

const MAX_AGE_MS = 24 * 3_600_000
const DEFAULT_SECONDS = 3600

interface Kept {
  readonly token: string
  readonly renewAt: number
  readonly expiresAt: number
}

/** See the file comment. Tokens of a pod are dropped with `forget`. */
export class TokenManager {
  readonly #client: Client
  readonly #clock: Clock
  readonly #kept = new Map<string, Kept>()

  constructor(env: { client: Client; clock: Clock }) {
    this.#client = env.client
    this.#clock = env.clock
  }

  /** A token that is good for a while, and when to ask again. */
  async token(
    pod: ApiPod,
    source: DeepReadonly<ServiceAccountTokenProjection>,
  ): Promise<{ readonly token: string; readonly renewAt: number }> {
    const key = JSON.stringify([pod.metadata.uid, source.audience ?? '', source.expirationSeconds ?? 0])
    const now = this.#clock.now()
    const kept = this.#kept.get(key)
    if (kept && now < kept.renewAt) return kept
    try {
      const fresh = await this.#request(pod, source)
      this.#kept.set(key, fresh)
      return fresh
    } catch (error) {
      if (kept && now < kept.expiresAt) return { token: kept.token, renewAt: now + 10_000 }
      throw new Error(`failed to fetch token: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      })
    }
  }

  forget(uid: string): void {
    for (const key of this.#kept.keys()) if (key.startsWith(`["${uid}"`)) this.#kept.delete(key)
  }

  async #request(pod: ApiPod, source: DeepReadonly<ServiceAccountTokenProjection>): Promise<Kept> {
    const { name, namespace, uid } = pod.metadata
    const asked = this.#clock.now()
    const answer = await this.#client.createSubresource<TokenRequest>(
      serviceaccounts,
      { namespace, name: pod.spec.serviceAccountName || 'default' },
      'token',
      {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: {
          ...(source.audience ? { audiences: [source.audience] } : {}),
          expirationSeconds: source.expirationSeconds ?? DEFAULT_SECONDS,
          boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
        },
      },
    )
    const { token, expirationTimestamp } = answer.status
    if (!token) throw new Error('the token request was answered without a token')
    const expiresAt = Date.parse(expirationTimestamp ?? '') || asked + DEFAULT_SECONDS * 1000
    return { token, expiresAt, renewAt: asked + Math.min((expiresAt - asked) * 0.8, MAX_AGE_MS) }
  }
}
