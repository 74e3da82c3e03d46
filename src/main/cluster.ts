// A whole cluster in one process: what runs, in the order in which it starts.

import { mkdirSync } from 'node:fs'
import { createControllers } from '../controllers/index.ts'
import { createEventRecorder } from '../client/event-recorder.ts'
import { runControllers } from '../client/controller.ts'
import { InformerFactory } from '../client/informer.ts'
import type { Clock } from '../machinery/clock.ts'
import type { Logger } from '../machinery/logger.ts'
import type { Random } from '../machinery/random.ts'
import { MASTERS_GROUP } from '../apiserver/user.ts'
import { runScheduler } from '../scheduler/index.ts'
import { openLmdbLog } from '../store/lmdb/lmdb-log.ts'
import { openLogStore } from '../store/log-store.ts'
import { startApiServer } from './api-server.ts'
import { bootstrap } from './bootstrap.ts'
import { CertificateAuthority } from './certificates.ts'
import { addressIn, type ClusterConfig, type ClusterPaths } from './config.ts'
import { startCompaction } from './compaction.ts'
import type { Supervisor } from './supervisor.ts'

export interface ClusterEnv {
  readonly config: ClusterConfig
  readonly paths: ClusterPaths
  /** Address of this machine that pods and other machines can reach. */
  readonly nodeIP: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly supervisor: Supervisor
}

export interface RunningCluster {
  readonly apiPort: number
  close(): Promise<void>
}

/** Starts everything. Resolves when the API answers; the rest comes up by itself. */
export async function startCluster(env: ClusterEnv): Promise<RunningCluster> {
  const { config, paths, clock, random, log, supervisor } = env
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
    dnsNames: ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc', `kubernetes.default.svc.${config.clusterDomain}`, config.nodeName],
    ipAddresses: [...new Set(['127.0.0.1', env.nodeIP, apiServiceIP])],
  })
  const kubeletClient = await ca.leaf('apiserver-kubelet-client', {
    commonName: 'kube-apiserver-kubelet-client',
    organizations: [MASTERS_GROUP],
    usage: 'client',
  })
  let bootstrapped = false
  const api = await startApiServer({
    store,
    clock,
    random,
    log: log.with({ component: 'apiserver' }),
    host: '0.0.0.0',
    port: config.apiPort,
    advertiseIP: env.nodeIP,
    serving,
    clientCa: ca.certificate,
    kubeletClient: { ...kubeletClient, ca: ca.certificate },
    pki: paths.pki,
    clusterDomain: config.clusterDomain,
    serviceCidr: config.serviceCidr,
    nodePorts: config.nodePorts,
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
  await bootstrap({ client: admin, apiServiceIP, advertise: { ip: env.nodeIP, port: api.port } })
  bootstrapped = true
  log.info('api-ready', { port: api.port })

  const stopCompaction = startCompaction({ store, clock, log, supervisor })
  startControlLoops(env, api, ca.certificate)
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

function startControlLoops(env: ClusterEnv, api: Awaited<ReturnType<typeof startApiServer>>, rootCA: string): void {
  const { config, clock, random, supervisor } = env
  const { signal } = supervisor
  const part = (component: string) => {
    const client = api.clientFor({ name: `system:${component}`, groups: [MASTERS_GROUP] })
    const log = env.log.with({ component })
    return { client, log, clock, random, informers: new InformerFactory({ client, clock, log }) }
  }
  const manager = part('kube-controller-manager')
  const controllers = createControllers({ rootCA, clusterCidr: config.podCidr, nodeCidrMaskSize: 24 })
  const events = createEventRecorder({ ...manager, component: 'controllermanager' })
  supervisor.run('controllers', () => runControllers(controllers, { ...manager, events }, signal))
  const scheduler = part('kube-scheduler')
  supervisor.run('scheduler', () =>
    runScheduler({ ...scheduler, events: createEventRecorder({ ...scheduler, component: 'default-scheduler' }), signal }),
  )
}
