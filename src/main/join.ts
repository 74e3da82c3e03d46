// How a machine becomes a node: from a join token to a client certificate, speaking to the API over HTTPS alone.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/kubelet-tls-bootstrapping/

import { createHash, X509Certificate } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import type { ConfigMap } from '../api/generated/core-v1.ts'
import { certificatesigningrequests } from '../api/generated/resources.ts'
import type { Client } from '../client/client.ts'
import { createHttpsClient } from '../client/https-client.ts'
import type { Clock } from '../machinery/clock.ts'
import { parseYaml } from '../machinery/yaml.ts'
import { AGENT_CLIENT, writePair } from './agent-certificates.ts'
import { JOIN_NETWORK, type JoinNetwork } from './bootstrap.ts'
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
async function discover(options: {
  server: string
  caHash: string
  clock: Clock
}): Promise<{ ca: string; network: JoinNetwork }> {
  const { server } = options
  const path = '/api/v1/namespaces/kube-public/configmaps/cluster-info'
  const info = JSON.parse(await fetchUnverified(`${server}${path}`)) as ConfigMap
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
  const client = createHttpsClient({ server, ca, clock: options.clock })
  try {
    // Now over a verified connection, so that nobody in between could have changed it.
    const { status, body } = await client.raw(path)
    const network = (JSON.parse(body) as ConfigMap).data?.[JOIN_NETWORK]
    if (status !== 200 || !network) throw new Error(`cannot join ${server}: it does not publish its network`)
    return { ca, network: JSON.parse(network) as JoinNetwork }
  } finally {
    client.close()
  }
}

/** What a node asks for to speak to the API. */
export const CLIENT_CERTIFICATE = {
  signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
  usages: ['digital signature', 'key encipherment', 'client auth'],
} as const

const MAX_INFO = 1024 * 1024
const SILENCE_MS = 10_000

/** GETs a URL whoever signed for the server: what comes is checked against the hash afterwards. */
function fetchUnverified(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { rejectUnauthorized: false, timeout: SILENCE_MS }, (answer) => {
      let body = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => {
        body += chunk
        if (body.length > MAX_INFO) answer.destroy(new Error(`the answer of ${url} is too long`))
      })
      answer.on('error', reject)
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve(body)
        else reject(new Error(`${url} answered with status ${answer.statusCode}`))
      })
    })
    asked.on('timeout', () => asked.destroy(new Error(`no answer from ${url}`)))
    asked.on('error', reject)
    asked.end()
  })
}

/** Makes this machine a node: discovers the cluster, gets a client certificate with the token, keeps both in `pki`. */
export async function joinCluster(options: {
  readonly server: string
  readonly token: string
  readonly caHash: string
  readonly nodeName: string
  readonly pki: string
  readonly clock: Clock
  readonly signal: AbortSignal
}): Promise<JoinNetwork> {
  const { server, token, nodeName, pki, clock, signal } = options
  const { ca, network } = await discover(options)
  const client = createHttpsClient({ server, ca, credentials: { token }, clock })
  try {
    const pair = await requestCertificate(client, { ...CLIENT_CERTIFICATE, nodeName }, { signal })
    mkdirSync(pki, { recursive: true, mode: 0o700 })
    writeFileSync(join(pki, 'ca.crt'), ca, { mode: 0o600 })
    writePair(pki, AGENT_CLIENT, pair)
    return network
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
  const asked = await client.create(certificatesigningrequests, {
    metadata: { generateName: `${signerName.endsWith('serving') ? 'csr-serving' : 'csr'}-${nodeName}-` },
    spec: { request: Buffer.from(made.pem).toString('base64'), signerName, usages: [...usages] },
  })
  const { name } = asked.metadata
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
