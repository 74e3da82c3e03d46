// Fills in secrets of type kubernetes.io/service-account-token and removes those whose account is gone.

import type { Secret, ServiceAccount } from '../api/generated/core-v1.ts'
import { secrets as secretsRef, serviceaccounts as serviceAccountsRef } from '../api/generated/resources.ts'
import type { Controller } from '../client/controller.ts'
import { keyOf } from '../client/informer.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { isReason } from '../machinery/errors.ts'

const TOKEN_TYPE = 'kubernetes.io/service-account-token'
const ACCOUNT_NAME = 'kubernetes.io/service-account.name'
const ACCOUNT_UID = 'kubernetes.io/service-account.uid'

/** Signs a token without expiry that is bound to a secret. */
export type SignServiceAccountToken = (subject: {
  readonly namespace: string
  readonly serviceAccount: { readonly name: string; readonly uid: string }
  readonly secret: { readonly name: string; readonly uid: string }
}) => Promise<string>

type ReadSecret = DeepReadonly<Secret>

/** What to do about one token secret. */
export type TokenAction = 'none' | 'delete' | 'populate'

/** Decides from the secret and the account it names. */
function planToken(secret: ReadSecret, account: DeepReadonly<ServiceAccount> | undefined, rootCA: string): TokenAction {
  if (secret.type !== TOKEN_TYPE || secret.metadata.deletionTimestamp !== undefined) return 'none'
  const uid = secret.metadata.annotations?.[ACCOUNT_UID]
  if (!account) return 'delete'
  if (uid && uid !== account.metadata.uid) return 'delete'
  const { data } = secret
  const complete = uid === account.metadata.uid && data?.token && data.namespace && data['ca.crt'] === encode(rootCA)
  return complete ? 'none' : 'populate'
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64')
}

/** Makes the controller; `sign` makes the tokens. */
export function serviceAccountTokenController(options: { rootCA: string; sign: SignServiceAccountToken }): Controller {
  return {
    name: 'serviceaccount-token-controller',
    setup({ client, informers }, queue) {
      const secrets = informers.informer(secretsRef)
      const accounts = informers.informer(serviceAccountsRef)
      const account = (s: ReadSecret) => `${s.metadata.namespace}/${s.metadata.annotations?.[ACCOUNT_NAME] ?? ''}`
      secrets.addIndex('token-of', (s) => (s.type === TOKEN_TYPE ? [account(s)] : []))
      const enqueue = (s: ReadSecret) => {
        if (s.type === TOKEN_TYPE) queue.add(keyOf(s))
      }
      secrets.subscribe({ add: enqueue, update: (_old, s) => enqueue(s) })
      const wake = (sa: DeepReadonly<ServiceAccount>) => {
        for (const s of secrets.by('token-of', keyOf(sa))) queue.add(keyOf(s))
      }
      accounts.subscribe({ add: wake, delete: wake })

      async function findAccount(secret: ReadSecret): Promise<DeepReadonly<ServiceAccount> | undefined> {
        const name = secret.metadata.annotations?.[ACCOUNT_NAME] ?? ''
        if (name === '') return undefined
        const cached = accounts.get(account(secret))
        if (cached) return cached
        try {
          // The account may be so new that the cache lacks it; deleting its token would be wrong.
          return await client.get(serviceAccountsRef, { namespace: secret.metadata.namespace, name })
        } catch (error) {
          if (isReason(error, 'NotFound')) return undefined
          throw error
        }
      }

      return {
        async reconcile(key) {
          const secret = secrets.get(key)
          if (!secret) return
          const found = await findAccount(secret)
          const action = planToken(secret, found, options.rootCA)
          const { namespace, name, uid } = secret.metadata
          try {
            if (action === 'delete') await client.delete(secretsRef, { namespace, name }, { preconditions: { uid } })
            if (action === 'populate' && found) {
              const serviceAccount = { name: found.metadata.name, uid: found.metadata.uid }
              const token =
                secret.data?.token || encode(await options.sign({ namespace, serviceAccount, secret: { name, uid } }))
              await client.update(secretsRef, {
                ...secret,
                metadata: {
                  ...secret.metadata,
                  annotations: { ...secret.metadata.annotations, [ACCOUNT_UID]: serviceAccount.uid },
                },
                data: { ...secret.data, token, namespace: encode(namespace), 'ca.crt': encode(options.rootCA) },
              })
            }
          } catch (error) {
            if (!isReason(error, 'NotFound')) throw error
          }
        },
      }
    },
  }
}
