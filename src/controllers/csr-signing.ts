// Signs approved certificate requests with the cluster's CA, as upstream's four built-in signers do.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#kubernetes-signers

import { certificatesigningrequests } from '../api/generated/resources.ts'
import type { Controller } from '../client/controller.ts'
import { formatTime } from '../machinery/clock.ts'
import { isReason } from '../machinery/errors.ts'
import { isApproved, KUBELET_CLIENT, KUBELET_SERVING } from './csr-approving.ts'

/** Signs a PEM request; gives the certificate as PEM. `usages` are those of the API (`client auth`, …). */
export type SignRequest = (request: {
  readonly pem: string
  readonly usages: readonly string[]
  /** Lifetime asked for; absent: the signer's own. */
  readonly seconds?: number
}) => Promise<string>

const SIGNERS: ReadonlySet<string> = new Set([
  'kubernetes.io/kube-apiserver-client',
  KUBELET_CLIENT,
  KUBELET_SERVING,
  'kubernetes.io/legacy-unknown',
])

export function csrSigningController(options: { sign: SignRequest }): Controller {
  return {
    name: 'certificatesigningrequest-signing-controller',
    setup({ client, informers, clock }, queue) {
      const requests = informers.informer(certificatesigningrequests)
      requests.subscribe({ add: (r) => queue.add(r.metadata.name), update: (_, r) => queue.add(r.metadata.name) })
      return {
        async reconcile(name) {
          const request = requests.get(name)
          if (!request || !isApproved(request) || !SIGNERS.has(request.spec.signerName)) return
          const failed = (request.status.conditions ?? []).some((c) => c.type === 'Failed')
          if (request.status.certificate || failed) return
          const { expirationSeconds, usages = [] } = request.spec
          const seconds = expirationSeconds === undefined ? {} : { seconds: expirationSeconds }
          const pem = Buffer.from(request.spec.request, 'base64').toString()
          const status = await options.sign({ pem, usages, ...seconds }).then(
            (certificate) => ({ ...request.status, certificate: Buffer.from(certificate).toString('base64') }),
            (error: unknown) => {
              const now = formatTime(clock.now())
              const message = error instanceof Error ? error.message : String(error)
              const condition = {
                type: 'Failed',
                status: 'True',
                reason: 'SignerValidationFailure',
                message,
                lastUpdateTime: now,
                lastTransitionTime: now,
              }
              return { ...request.status, conditions: [...(request.status.conditions ?? []), condition] }
            },
          )
          try {
            await client.update(certificatesigningrequests, { ...request, status }, { subresource: 'status' })
          } catch (error) {
            if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error
          }
        },
      }
    },
  }
}
