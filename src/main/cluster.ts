// A whole cluster in one process: what runs, in the order in which it starts.

import { mkdirSync } from 'node:fs'
import { MASTERS_GROUP } from '../apiserver/user.ts'
import { runControllers } from '../client/controller.ts'
import { createEventRecorder } from '../client/event-recorder.ts'
import { InformerFactory } from '../client/informer.ts'
import { createControllers } from '../controllers/index.ts'
import type { Runtime } from '../kubelet/runtime/runtime.ts'
import type { Clock } from '../machinery/clock.ts'
import type { Logger } from '../machinery/logger.ts'
import type { Random } from '../machinery/random.ts'
import type { RegistryHandler } from '../registry/handler.ts'
import { runScheduler } from '../scheduler/index.ts'
import { openLmdbLog } from '../store/lmdb/lmdb-log.ts'
import { openLogStore } from '../store/log-store.ts'
import { apiDocsFrom } from './api-docs.ts'
import { type RunningApiServer, startApiServer } from './api-server.ts'
import { readApiServerSettings } from './api-server-settings.ts'
import { bootstrap } from './bootstrap.ts'
import { CertificateAuthority, PROXY_CLIENT } from './certificates.ts'
import { startCompaction } from './compaction.ts'
import { addressIn, type ClusterConfig, type ClusterPaths, nodeCidr } from './config.ts'
import { labelControlPlane } from './control-plane-label.ts'
import { runDnsEndpoints } from './dns-endpoints.ts'
import { startIngress } from './ingress.ts'
import { startNetwork } from './network.ts'
import { podCidrOf, startKubelet, startRegistry, startRuntime } from './node.ts'
import { nodeReady } from './node-ready.ts'
import type { Supervisor } from './supervisor.ts'

export interface ClusterEnv {
  readonly config: ClusterConfig
  readonly paths: ClusterPaths
  /** Address of this machine that pods and other machines can reach. */
  readonly nodeIP: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Sets how much is logged, in upstream's levels. */
  readonly setVerbosity?: (level: number) => void
  readonly supervisor: Supervisor
  readonly env: NodeJS.ProcessEnv
  readonly apiDocs: string
  /** Told how far things are. */
  readonly onStep: (step: 'api-ready' | 'node-ready') => void
}

export interface RunningCluster {
  readonly apiPort: number
  close(): Promise<void>
}

/** What starting the node takes. */
function nodeSetupOf(env: ClusterEnv) {
  const { config } = env
  const log = env.log.with({ component: 'kubelet' })
  return { ...env, log, dnsIP: addressIn(config.serviceCidr, 10), signal: env.supervisor.signal }
}

/** Starts everything. Resolves when the API answers; the rest comes up by itself. */
export async function startCluster(env: ClusterEnv): Promise<RunningCluster> {
  const { config, paths, clock, random, log, supervisor } = env
  // The container runtime comes up while the API does.
  const runtime = startRuntime(nodeSetupOf(env))
  // Whoever waits for it handles its failure; until then it must not count as unhandled.
  runtime.catch(() => {})
  mkdirSync(paths.store, { recursive: true, mode: 0o700 })
  const store = openLogStore({
    log: openLmdbLog(paths.store),
    clock,
    onFatal: (error) => supervisor.fail('store', error),
  })
  const apiServiceIP = addressIn(config.serviceCidr, 1)
  const ca = await CertificateAuthority.open({ dir: paths.pki, name: 'ca', now: () => clock.now() })
  const serving = await ca.leaf('apiserver', {
    commonName: 'kube-apiserver',
    organizations: [],
    usage: 'server',
    dnsNames: [
      'localhost',
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      `kubernetes.default.svc.${config.clusterDomain}`,
      config.nodeName,
    ],
    ipAddresses: [...new Set(['127.0.0.1', env.nodeIP, apiServiceIP, addressIn(nodeCidr(config), 1)])],
  })
  const kubeletClient = await ca.leaf('apiserver-kubelet-client', {
    commonName: 'kube-apiserver-kubelet-client',
    organizations: [MASTERS_GROUP],
    usage: 'client',
  })
  const proxyCa = await CertificateAuthority.open({ dir: paths.pki, name: 'front-proxy-ca', now: () => clock.now() })
  const proxyIdentity = await proxyCa.leaf('front-proxy-client', PROXY_CLIENT)
  let bootstrapped = false
  let images: RegistryHandler | undefined
  const api = await startApiServer({
    store,
    clock,
    random,
    log: log.with({ component: 'apiserver' }),
    ...(env.setVerbosity ? { setVerbosity: env.setVerbosity } : {}),
    host: '0.0.0.0',
    port: config.apiPort,
    advertiseIP: env.nodeIP,
    serving,
    clientCa: ca.certificate,
    kubeletClient: { ...kubeletClient, ca: ca.certificate },
    proxyIdentity,
    pki: paths.pki,
    clusterDomain: config.clusterDomain,
    serviceCidr: config.serviceCidr,
    nodePorts: config.nodePorts,
    loadDocs: apiDocsFrom(env.apiDocs),
    images: () => images,
    legacyApis: config.legacyApis ?? true,
    settings: readApiServerSettings(config.apiServer ?? {}),
    ...(config.insecurePort === undefined ? {} : { insecurePort: config.insecurePort }),
    readyChecks: [
      {
        name: 'poststarthook/rbac/bootstrap-roles',
        check() {
          if (!bootstrapped) throw new Error('not finished')
        },
      },
    ],
  })
  const admin = api.clientFor({ name: 'system:apiserver', groups: [MASTERS_GROUP] })
  await bootstrap({
    client: admin,
    apiServiceIP,
    advertise: { ip: env.nodeIP, port: api.port },
    rootCA: ca.certificate,
    proxyCA: proxyCa.certificate,
    network: config,
  })
  bootstrapped = true
  log.info('api-ready', { port: api.port })
  env.onStep('api-ready')

  const stopCompaction = startCompaction({ store, clock, log, supervisor })
  startControlLoops(env, api, ca)
  const onRegistry = (handler: RegistryHandler) => {
    images = handler
  }
  startIngress({ ...env, part: partFor(env, api, 'ingress-nginx'), ca })
  supervisor.run('node', () => runNode(env, api, ca, runtime, onRegistry))
  if (config.runtime === 'cri') {
    const dns = partFor(env, api, 'kube-dns')
    const serviceIP = addressIn(config.serviceCidr, 10)
    supervisor.run('dns-endpoints', () => runDnsEndpoints({ ...dns, serviceIP, signal: supervisor.signal }))
  }
  supervisor.run('control-plane-label', () =>
    labelControlPlane({ client: admin, name: config.nodeName, signal: supervisor.signal }),
  )
  return {
    apiPort: api.port,
    async close() {
      supervisor.stop()
      stopCompaction()
      await supervisor.settled()
      await api.close()
      await store.close()
    },
  }
}

function startControlLoops(env: ClusterEnv, api: RunningApiServer, ca: CertificateAuthority): void {
  const { config, supervisor } = env
  const { signal } = supervisor
  const manager = partFor(env, api, 'kube-controller-manager')
  const controllers = createControllers({
    rootCA: ca.certificate,
    clusterCidr: config.podCidr,
    nodeCidrMaskSize: 24,
    reservedPorts: reservedPorts(config),
    certificates: {
      sign: (request) => ca.signRequest(request),
      mayRequest: (user, subresource) =>
        api.isAllowed(user, {
          verb: 'create',
          group: 'certificates.k8s.io',
          version: 'v1',
          resource: 'certificatesigningrequests',
          subresource,
        }),
    },
  })
  const eventsFor = (component: string) => createEventRecorder({ ...manager, component })
  supervisor.run('controllers', () =>
    runControllers(controllers, { ...manager, eventsFor, observeQueue: api.observeQueue }, signal),
  )
  const scheduler = partFor(env, api, 'kube-scheduler')
  supervisor.run('scheduler', () =>
    runScheduler({
      ...scheduler,
      events: createEventRecorder({ ...scheduler, component: 'default-scheduler' }),
      signal,
    }),
  )
}

/** What a component works with: a client of its own, informers, a log. */
function partFor(env: ClusterEnv, api: RunningApiServer, component: string) {
  const { clock, random } = env
  const client = api.clientFor({ name: `system:${component}`, groups: [MASTERS_GROUP] })
  const log = env.log.with({ component })
  return { client, log, clock, random, informers: new InformerFactory({ client, clock, log }) }
}

/** Makes this machine a node, and ends with the supervisor. */
async function runNode(
  env: ClusterEnv,
  api: RunningApiServer,
  ca: CertificateAuthority,
  starting: Promise<Runtime>,
  onRegistry: (handler: RegistryHandler) => void,
): Promise<void> {
  const { config, supervisor } = env
  const serving = await ca.leaf('kubelet', {
    commonName: `system:node:${config.nodeName}`,
    organizations: ['system:nodes'],
    usage: 'both',
    dnsNames: [config.nodeName],
    ipAddresses: [...new Set([env.nodeIP, '127.0.0.1'])],
  })
  const setup = { ...nodeSetupOf(env), serving, clientCa: ca.certificate }
  const client = api.clientFor({
    name: `system:node:${config.nodeName}`,
    groups: ['system:nodes', 'system:authenticated'],
  })
  const podCidr = await podCidrOf(client, setup)
  const registry = config.runtime === 'cri' ? await startRegistry(setup) : undefined
  if (registry) onRegistry(registry.handler)
  if (config.runtime === 'cri') await startNetwork(setup, partFor(env, api, 'kube-proxy'), podCidr, supervisor)
  const runtime = await starting
  const kubelet = await startKubelet(setup, client, runtime, podCidr)
  void nodeReady(client, config.nodeName, supervisor.signal).then(
    () => env.onStep('node-ready'),
    (error: unknown) => {
      if (!supervisor.signal.aborted) supervisor.fail('node', error)
    },
  )
  await kubelet.stopped
  await runtime.close()
  await registry?.close()
}

/** What the machine itself is reached at, and what the cluster serves there. */
function reservedPorts({ apiPort, kubeletPort, registryPort }: ClusterConfig): ReadonlySet<string> {
  const tunnel = '8472/UDP'
  const tcp = [22, 53, apiPort, kubeletPort, registryPort].map((port) => `${port}/TCP`)
  return new Set([...tcp, '53/UDP', tunnel])
}
