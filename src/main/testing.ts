// A whole API server on a free port with certificates and the memory store, for tests that speak HTTP.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serviceaccounts } from '../api/generated/resources.ts'
import type { ApiDocs } from '../apiserver/openapi/index.ts'
import { MASTERS_GROUP } from '../apiserver/user.ts'
import type { Client } from '../client/client.ts'
import { systemClock } from '../machinery/clock.ts'
import { jsonLogger } from '../machinery/logger.ts'
import { systemRandom } from '../machinery/random.ts'
import { openLogStore } from '../store/log-store.ts'
import { memoryLog } from '../store/memory/memory-log.ts'
import type { Store } from '../store/store.ts'
import { type RunningApiServer, startApiServer } from './api-server.ts'
import { readApiServerSettings } from './api-server-settings.ts'
import { bootstrap } from './bootstrap.ts'
import { CertificateAuthority, type KeyPair, PROXY_CLIENT } from './certificates.ts'
import { clusterKubeconfig, writeKubeconfig } from './kubeconfig.ts'

export interface TestServer {
  readonly url: string
  readonly port: number
  /** Kubeconfig of an administrator, with a client certificate. */
  readonly kubeconfigPath: string
  /** PEM of the authority that signed the server's certificate and whose client certificates are trusted. */
  readonly ca: string
  readonly admin: KeyPair
  /** PEM of the authority behind the certificate that the server shows to servers of other APIs. */
  readonly proxyCa: string
  /** In-process client with all rights. */
  readonly client: Client
  readonly server: RunningApiServer
  readonly store: Store
  /** A client certificate for someone else. */
  certificate(name: string, groups: readonly string[]): Promise<KeyPair>
  /** A serving certificate for addresses and names, e.g. of a webhook. */
  serverCertificate(ipAddresses: readonly string[], dnsNames?: readonly string[]): Promise<KeyPair>
  /** Signs certificate requests as the cluster's authority. */
  signRequest: CertificateAuthority['signRequest']
  /** Closes the server and starts another one on the same port and data. */
  restart(): Promise<void>
  close(): Promise<void>
}

const HOST = '127.0.0.1'
const NETWORK = { serviceCidr: '10.96.0.0/16', podCidr: '10.244.0.0/16', clusterDomain: 'cluster.local' }

/** Starts an API server with RBAC, the built-in roles and namespaces, and default service accounts. */
export async function startTestServer(
  options: {
    docs?: ApiDocs
    legacyApis?: boolean
    insecure?: boolean
    /** Flags of the API server, without dashes. */
    flags?: Readonly<Record<string, string>>
  } = {},
): Promise<TestServer> {
  const directory = mkdtempSync(join(tmpdir(), 'sampan-test-'))
  const log = jsonLogger({ level: 'error', now: () => Date.now(), write: (line) => process.stderr.write(line) })
  const store = openLogStore({
    log: memoryLog(),
    clock: systemClock,
    onFatal(error) {
      throw error
    },
  })
  const ca = await CertificateAuthority.open({ dir: directory, name: 'ca', now: () => Date.now() })
  const serving = await ca.sign({
    commonName: 'kube-apiserver',
    organizations: [],
    usage: 'server',
    dnsNames: ['localhost', 'kubernetes.default.svc'],
    ipAddresses: [HOST],
  })
  const certificate = (commonName: string, organizations: readonly string[]) =>
    ca.sign({ commonName, organizations, usage: 'client' })
  const admin = await certificate('kubernetes-admin', [MASTERS_GROUP])
  const proxyCa = await CertificateAuthority.open({ dir: directory, name: 'front-proxy-ca', now: () => Date.now() })
  const proxyIdentity = await proxyCa.sign(PROXY_CLIENT)
  const start = (port: number) =>
    startApiServer({
      store,
      clock: systemClock,
      random: systemRandom,
      log,
      host: HOST,
      port,
      advertiseIP: HOST,
      serving,
      clientCa: ca.certificate,
      kubeletClient: { ...admin, ca: ca.certificate },
      proxyIdentity,
      pki: directory,
      clusterDomain: 'cluster.local',
      serviceCidr: '10.96.0.0/16',
      nodePorts: { from: 30000, to: 32767 },
      readyChecks: [],
      settings: readApiServerSettings(options.flags ?? {}),
      legacyApis: options.legacyApis ?? true,
      ...(options.insecure ? { insecurePort: 0 } : {}),
      loadDocs: () => options.docs,
    })
  let server = await start(0)
  const { port } = server
  const adminUser = { name: 'kubernetes-admin', groups: [MASTERS_GROUP] }
  const first = server.clientFor({ name: 'system:apiserver', groups: [MASTERS_GROUP] })
  await bootstrap({
    client: first,
    apiServiceIP: '10.96.0.1',
    advertise: { ip: HOST, port },
    rootCA: ca.certificate,
    proxyCA: proxyCa.certificate,
    network: NETWORK,
  })
  // No controllers run here: their part of a namespace is made by hand.
  for (const namespace of ['default', 'kube-system']) {
    await first.create(serviceaccounts, { metadata: { name: 'default', namespace } })
  }
  await server.registered
  const url = `https://${HOST}:${port}`
  const kubeconfigPath = join(directory, 'kubeconfig')
  writeKubeconfig(kubeconfigPath, clusterKubeconfig({ name: 'test', server: url, ca: ca.certificate, admin }))
  return {
    url,
    port,
    kubeconfigPath,
    ca: ca.certificate,
    admin,
    proxyCa: proxyCa.certificate,
    get client() {
      return server.clientFor(adminUser)
    },
    get server() {
      return server
    },
    store,
    certificate,
    serverCertificate: (ipAddresses, dnsNames = []) =>
      ca.sign({ commonName: 'webhook', organizations: [], usage: 'server', dnsNames, ipAddresses }),
    signRequest: (request) => ca.signRequest(request),
    async restart() {
      await server.close()
      server = await start(port)
    },
    async close() {
      await server.close()
      await store.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
