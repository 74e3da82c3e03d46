// A node away from the server: containerd, kubelet, service proxy, DNS and the way to the other nodes' pods in one
// process that reaches the cluster over HTTPS alone, with the certificate it got by joining.

import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { nodes } from '../api/generated/resources.ts'
import type { Client } from '../client/client.ts'
import { createHttpsClient, type HttpsClient } from '../client/https-client.ts'
import { InformerFactory } from '../client/informer.ts'
import { pause, sleep } from '../machinery/clock.ts'
import { isReason } from '../machinery/errors.ts'
import { writeRegistryHosts } from '../registry/registry-hosts.ts'
import { listenRegistryRelay } from '../registry/relay.ts'
import { AGENT_CLIENT, AGENT_SERVING, readPair, writePair } from './agent-certificates.ts'
import type { KeyPair } from './certificates.ts'
import type { ClusterEnv } from './cluster.ts'
import { addressIn } from './config.ts'
import { type CertificateWish, CLIENT_CERTIFICATE, requestCertificate } from './join.ts'
import { startNetwork } from './network.ts'
import { startKubelet, startRuntime } from './node.ts'
import { nodeReady } from './node-ready.ts'

const RETRY_MS = 500
const RENEW_BEFORE_MS = 90 * 86_400_000
const CHECK_RENEWAL_MS = 12 * 3_600_000
const SERVING: Pick<CertificateWish, 'signerName' | 'usages'> = {
  signerName: 'kubernetes.io/kubelet-serving',
  usages: ['digital signature', 'key encipherment', 'server auth'],
}

/** Starts the node; resolves at once, the rest comes up by itself and ends with the supervisor. */
export async function startAgent(env: ClusterEnv): Promise<{ close(): Promise<void> }> {
  const { config, paths, clock, supervisor } = env
  const server = config.agent?.server
  if (server === undefined) throw new Error(`cannot run "${config.name}" as a node: it never joined a cluster`)
  const ca = readFileSync(join(paths.pki, 'ca.crt'), 'utf8')
  const log = env.log.with({ component: 'agent' })
  const own = readPair(paths.pki, AGENT_CLIENT)
  if (!own) throw new Error(`cannot run "${config.name}" as a node: it has no certificate; join again`)
  const onWarning = (message: string) => log.debug('api-warning', { message })
  let client = createHttpsClient({ server, ca, credentials: own, clock, onWarning })
  const renewed = await renewIfOld(env, client, own)
  if (renewed !== own) {
    client.close()
    client = createHttpsClient({ server, ca, credentials: renewed, clock, onWarning })
  }
  supervisor.run('node', () => runAgent(env, client, { ca, server, pair: renewed }))
  supervisor.run('certificate-renewal', () => endWhenOld(env, renewed))
  return {
    async close() {
      supervisor.stop()
      await supervisor.settled()
      client.close()
    },
  }
}

async function runAgent(
  env: ClusterEnv,
  client: HttpsClient,
  identity: { ca: string; server: string; pair: KeyPair },
): Promise<void> {
  const { config, paths, clock, random, supervisor } = env
  const { ca, server, pair } = identity
  const { signal } = supervisor
  const log = env.log.with({ component: 'kubelet' })
  const starting = startRuntime({ ...env, log, signal })
  starting.catch(() => {})
  const podCidr = await registerEarly(env, client)
  const serving = await servingCertificate(env, client)
  const relay = await listenRegistryRelay({
    host: '127.0.0.1',
    port: config.registryPort,
    server,
    ca,
    ...pair,
    log: env.log.with({ component: 'registry' }),
  })
  const mirrors = config.registryMirrors ?? []
  await writeRegistryHosts({ dir: paths.registryHosts, endpoint: relay.endpoint, mirrors, random })
  const setup = { ...env, log, signal, dnsIP: addressIn(config.serviceCidr, 10), serving, clientCa: ca }
  const proxyLog = env.log.with({ component: 'kube-proxy' })
  const informers = new InformerFactory({ client, clock, log: proxyLog })
  await startNetwork(setup, { client, informers, clock, random, log: proxyLog }, podCidr, supervisor)
  const runtime = await starting
  const kubelet = await startKubelet(setup, client, runtime, podCidr)
  void nodeReady(client, config.nodeName, signal).then(
    () => env.onStep('node-ready'),
    (error: unknown) => {
      if (!signal.aborted) supervisor.fail('node', error)
    },
  )
  await kubelet.stopped
  await runtime.close()
  await relay.close()
}

/**
 * Makes the Node with its addresses, which its serving certificate is checked against, and waits for its pod range.
 * The server may be away for a while.
 */
async function registerEarly(env: ClusterEnv, client: Client): Promise<string> {
  const { config, clock, supervisor, log } = env
  const name = config.nodeName
  const addresses = [
    { type: 'InternalIP', address: env.nodeIP },
    { type: 'Hostname', address: name },
  ]
  const { signal } = supervisor
  for (;;) {
    try {
      await client
        .create(nodes, {
          metadata: { name, labels: { 'kubernetes.io/hostname': name } },
          spec: {},
          status: { addresses },
        })
        .catch((error: unknown) => {
          if (!isReason(error, 'AlreadyExists')) throw error
          return client.patch(
            nodes,
            { name },
            { subresource: 'status', type: 'merge', patch: { status: { addresses } } },
          )
        })
      for await (const event of client.watch(nodes, { fieldSelector: `metadata.name=${name}`, signal })) {
        if (event.type !== 'BOOKMARK' && event.object.spec.podCIDR) return event.object.spec.podCIDR
      }
      signal.throwIfAborted()
    } catch (error) {
      signal.throwIfAborted()
      log.warn('node-not-registered', { node: name, error })
    }
    await sleep(clock, RETRY_MS, { signal })
  }
}

async function servingCertificate(env: ClusterEnv, client: Client): Promise<KeyPair> {
  const { config, paths, clock, supervisor, nodeIP } = env
  const kept = readPair(paths.pki, AGENT_SERVING)
  if (kept && !isOld(kept, clock.now()) && new X509Certificate(kept.cert).checkIP(nodeIP) !== undefined) return kept
  const wish = { ...SERVING, nodeName: config.nodeName, dnsNames: [config.nodeName], ipAddresses: [nodeIP] }
  const made = await requestCertificate(client, wish, { signal: supervisor.signal })
  writePair(paths.pki, AGENT_SERVING, made)
  return made
}

/** The node's own certificate, or its successor when it runs out within 90 days. */
async function renewIfOld(env: ClusterEnv, client: Client, own: KeyPair): Promise<KeyPair> {
  if (!isOld(own, env.clock.now())) return own
  const made = await requestCertificate(
    client,
    { ...CLIENT_CERTIFICATE, nodeName: env.config.nodeName },
    env.supervisor,
  )
  writePair(env.paths.pki, AGENT_CLIENT, made)
  return made
}

/** Ends the process once the certificate is to be renewed, which every start does; pods run on meanwhile. */
async function endWhenOld({ clock, supervisor }: ClusterEnv, pair: KeyPair): Promise<void> {
  const { signal } = supervisor
  while (!signal.aborted && !isOld(pair, clock.now())) await pause(clock, CHECK_RENEWAL_MS, { signal })
  if (!signal.aborted) throw new Error('the certificate of this node is to be renewed: start the node again')
}

function isOld(pair: KeyPair, now: number): boolean {
  return Date.parse(new X509Certificate(pair.cert).validTo) - now < RENEW_BEFORE_MS
}
