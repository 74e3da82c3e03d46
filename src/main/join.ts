// How a machine becomes a node: from a join token to a client certificate, speaking to the API over HTTPS alone.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/kubelet-tls-bootstrapping/

import { createHash, X509Certificate } from 'node:crypto'
import type { ConfigMap } from '../api/generated/core-v1.ts'
import { certificatesigningrequests } from '../api/generated/resources.ts'
import type { Client } from '../client/client.ts'
import { createHttpsClient } from '../client/https-client.ts'
import type { Clock } from '../machinery/clock.ts'
import { parseYaml } from '../machinery/yaml.ts'
import { createCertificateRequest } from './certificate-signing.ts'
import type { KeyPair } from './certificates.ts'

/** `sha256:…` of the public key of a certificate, as kubeadm pins authorities. */
export function caHash(pem: string): string {
  const { publicKey } = new X509Certificate(pem)
  return `sha256:${createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')}`
}

/**
 * Asks an API server for its authority. What answers is believed only when the authority's key has the wanted hash
 * and the server's own certificate was signed by it.
 */
export async function discoverCa(options: {
  server: string
  caHash: string
  /** GETs a path without looking at the certificate of the server. */
  fetchUnverified: (url: string) => Promise<string>
  clock: Clock
}): Promise<string> {
  const { server } = options
  const path = '/api/v1/namespaces/kube-public/configmaps/cluster-info'
  const info = JSON.parse(await options.fetchUnverified(`${server}${path}`)) as ConfigMap
  const kubeconfig = parseYaml(info.data?.kubeconfig ?? '') as
    | { clusters?: { cluster?: { 'certificate-authority-data'?: string } }[] }
    | undefined
  const data = kubeconfig?.clusters?.[0]?.cluster?.['certificate-authority-data']
  if (!data) throw new Error(`cannot join ${server}: it does not say who signs for it`)
  const ca = Buffer.from(data, 'base64').toString()
  const found = caHash(ca)
  if (found !== options.caHash) {
    throw new Error(`cannot join ${server}: its authority has the hash ${found}, expected ${options.caHash}`)
  }
  const client = createHttpsClient({ server, ca, credentials: { token: '' }, clock: options.clock })
  try {
    await client.raw('/version')
    return ca
  } finally {
    client.close()
  }
}

export interface CertificateWish {
  readonly signerName: string
  readonly nodeName: string
  readonly usages: readonly string[]
  readonly dnsNames?: readonly string[]
  readonly ipAddresses?: readonly string[]
}

/** Asks for a certificate as a node and waits until it is signed. Rejects when it is denied. */
export async function requestCertificate(
  client: Client,
  wish: CertificateWish,
  options: { readonly signal: AbortSignal },
): Promise<KeyPair> {
  const { signerName, nodeName, usages, dnsNames = [], ipAddresses = [] } = wish
  const made = await createCertificateRequest({
    commonName: `system:node:${nodeName}`,
    organizations: ['system:nodes'],
    dnsNames,
    ipAddresses,
  })
  const request = await client.create(certificatesigningrequests, {
    metadata: { generateName: `${signerName.endsWith('serving') ? 'csr-serving' : 'csr'}-${nodeName}-` },
    spec: { request: Buffer.from(made.pem).toString('base64'), signerName, usages: [...usages] },
  })
  const { name } = request.metadata
  const over = new AbortController()
  const signal = AbortSignal.any([over.signal, options.signal])
  try {
    const fieldSelector = `metadata.name=${name}`
    for (;;) {
      for await (const event of client.watch(certificatesigningrequests, { fieldSelector, signal })) {
        if (event.type === 'BOOKMARK') continue
        const { status } = event.object
        if (event.type === 'DELETED') throw new Error(`certificate request "${name}" was deleted`)
        const refused = (status.conditions ?? []).find((c) => c.type === 'Denied' || c.type === 'Failed')
        if (refused) throw new Error(`certificate request "${name}" was refused: ${refused.message || refused.reason}`)
        if (status.certificate) {
          return { cert: Buffer.from(status.certificate, 'base64').toString(), key: made.key }
        }
      }
      options.signal.throwIfAborted()
    }
  } finally {
    over.abort()
  }
}
