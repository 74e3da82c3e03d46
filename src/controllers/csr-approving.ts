// Approves the certificate requests of nodes: for the client certificate of a node that joins or renews, and for the
// serving certificate of a node that asks for its own name and addresses.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/kubelet-tls-bootstrapping/

import type { CertificateSigningRequest } from '../api/generated/certificates-v1.ts'
import type { Node } from '../api/generated/core-v1.ts'
import { certificatesigningrequests, nodes as nodesRef } from '../api/generated/resources.ts'
import type { Controller } from '../client/controller.ts'
import { type RequestedSubject, readCertificateRequest } from '../machinery/certificate-request.ts'
import { formatTime } from '../machinery/clock.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { isReason } from '../machinery/errors.ts'

type Request = DeepReadonly<CertificateSigningRequest>

/** Whether a user may `create` a subresource of certificatesigningrequests, e.g. `nodeclient`. */
export type MayRequest = (user: { name: string; groups: readonly string[] }, subresource: string) => Promise<boolean>

export const KUBELET_CLIENT = 'kubernetes.io/kube-apiserver-client-kubelet'
export const KUBELET_SERVING = 'kubernetes.io/kubelet-serving'
const NODE_PREFIX = 'system:node:'
const NODES = 'system:nodes'
const CLIENT_USAGES = ['client auth', 'digital signature', 'key encipherment']
const SERVING_USAGES = ['digital signature', 'key encipherment', 'server auth']
const NODE = 'node'

export function csrApprovingController(options: { mayRequest: MayRequest }): Controller {
  return {
    name: 'certificatesigningrequest-approving-controller',
    setup({ client, informers, clock }, queue) {
      const requests = informers.informer(certificatesigningrequests)
      const nodes = informers.informer(nodesRef)
      requests.addIndex(NODE, ({ spec }) => (spec.username?.startsWith(NODE_PREFIX) ? [spec.username] : []))
      requests.subscribe({ add: (r) => queue.add(r.metadata.name), update: (_, r) => queue.add(r.metadata.name) })
      // A node asks for its serving certificate before it has said which addresses it has.
      const wake = (node: DeepReadonly<Node>) => {
        for (const r of requests.by(NODE, `${NODE_PREFIX}${node.metadata.name}`)) queue.add(r.metadata.name)
      }
      nodes.subscribe({ add: wake, update: (_, node) => wake(node) })

      /** Why the request is to be approved; undefined when that is for someone else to decide. */
      async function grounds(request: Request): Promise<string | undefined> {
        const { username = '', groups = [], signerName } = request.spec
        if (signerName !== KUBELET_CLIENT && signerName !== KUBELET_SERVING) return undefined
        const subject = await readCertificateRequest(Buffer.from(request.spec.request, 'base64').toString())
        const usages = [...(request.spec.usages ?? [])].sort()
        if (signerName === KUBELET_SERVING) {
          const node = nodes.get(username.slice(NODE_PREFIX.length))
          const fits = isServing(subject, usages) && subject.commonName === username && ownNames(subject, node)
          return fits ? 'Auto approving kubelet serving certificate of the node itself.' : undefined
        }
        if (!isClient(subject, usages)) return undefined
        const user = { name: username, groups }
        if (subject.commonName === username && (await options.mayRequest(user, 'selfnodeclient'))) {
          return 'Auto approving self kubelet client certificate after SubjectAccessReview.'
        }
        if (await options.mayRequest(user, 'nodeclient')) {
          return 'Auto approving kubelet client certificate after SubjectAccessReview.'
        }
        return undefined
      }

      return {
        async reconcile(name) {
          const request = requests.get(name)
          if (!request || request.status.certificate || isDecided(request)) return
          const message = await grounds(request)
          if (message === undefined) return
          const now = formatTime(clock.now())
          const approved = {
            type: 'Approved',
            status: 'True',
            reason: 'AutoApproved',
            message,
            lastUpdateTime: now,
            lastTransitionTime: now,
          }
          const conditions = [...(request.status.conditions ?? []), approved]
          try {
            await client.update(
              certificatesigningrequests,
              { ...request, status: { ...request.status, conditions } },
              { subresource: 'approval' },
            )
          } catch (error) {
            if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error
          }
        },
      }
    },
  }
}

export function isApproved({ status }: Request): boolean {
  const has = (type: string) => (status.conditions ?? []).some((c) => c.type === type)
  return has('Approved') && !has('Denied')
}

function isDecided({ status }: Request): boolean {
  return (status.conditions ?? []).some((c) => c.type === 'Approved' || c.type === 'Denied')
}

/** With RSA keys clients ask for key encipherment too; with others they need not. */
function sameUsages(usages: readonly string[], wanted: readonly string[]): boolean {
  const needed = wanted.filter((u) => u !== 'key encipherment')
  return needed.every((u) => usages.includes(u)) && usages.every((u) => wanted.includes(u))
}

function isClient(subject: RequestedSubject, usages: readonly string[]): boolean {
  const { commonName, organizations, dnsNames, ipAddresses, emails, uris } = subject
  const alternatives = dnsNames.length + ipAddresses.length + emails.length + uris.length
  return (
    commonName.startsWith(NODE_PREFIX) &&
    organizations.length === 1 &&
    organizations[0] === NODES &&
    alternatives === 0 &&
    sameUsages(usages, CLIENT_USAGES)
  )
}

function isServing(subject: RequestedSubject, usages: readonly string[]): boolean {
  const { commonName, organizations, dnsNames, ipAddresses, emails, uris } = subject
  return (
    commonName.startsWith(NODE_PREFIX) &&
    organizations.length === 1 &&
    organizations[0] === NODES &&
    dnsNames.length + ipAddresses.length > 0 &&
    emails.length + uris.length === 0 &&
    sameUsages(usages, SERVING_USAGES)
  )
}

/** Every name and address asked for is one that the node has. */
function ownNames({ dnsNames, ipAddresses }: RequestedSubject, node: DeepReadonly<Node> | undefined): boolean {
  const known = new Set((node?.status.addresses ?? []).map((a) => a.address))
  return node !== undefined && [...dnsNames, ...ipAddresses].every((name) => known.has(name))
}
