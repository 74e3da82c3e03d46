// The ingress controller of a cluster: where its nginx stands, and how it is started and ended.

import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { Client } from '../client/client.ts'
import { createEventRecorder } from '../client/event-recorder.ts'
import type { InformerFactory } from '../client/informer.ts'
import { runIngress } from '../ingress/ingress.ts'
import { EVENT_COMPONENT } from '../ingress/names.ts'
import { type NginxPaths, nginxPaths } from '../ingress/nginx.ts'
import { stopNginx } from '../ingress/stop-nginx.ts'
import { type Clock, systemClock } from '../machinery/clock.ts'
import type { Logger } from '../machinery/logger.ts'
import type { CertificateAuthority } from './certificates.ts'
import type { ClusterConfig, ClusterPaths } from './config.ts'
import { findProgram, REQUIREMENTS } from './host.ts'
import type { Supervisor } from './supervisor.ts'

const MAX_WORKERS = 4
/** What `nobody` is called differs, its number does not. */
const NOBODY = 65534

/** Full path of nginx; undefined when it is not installed. */
export function nginxProgram(env: NodeJS.ProcessEnv): string | undefined {
  const requirement = REQUIREMENTS.find((r) => r.program === 'nginx')
  return requirement && findProgram(requirement, env)
}

/** Where the nginx of a cluster keeps its configuration, its state and its log. */
export function ingressPaths(paths: ClusterPaths): NginxPaths {
  return nginxPaths(`${paths.run}/ingress`, `${paths.data}/ingress.log`)
}

/** Starts the controller in the background, when the cluster has one. */
export function startIngress(options: {
  config: ClusterConfig
  paths: ClusterPaths
  nodeIP: string
  env: NodeJS.ProcessEnv
  part: { client: Client; informers: InformerFactory; clock: Clock; log: Logger }
  ca: CertificateAuthority
  supervisor: Supervisor
}): void {
  const { config, paths, env, part, ca, supervisor } = options
  const { ingress } = config
  if (!ingress) return
  const program = nginxProgram(env)
  if (program === undefined) {
    part.log.error('ingress-unavailable', { reason: 'nginx is not installed' })
    return
  }
  supervisor.run('ingress', async () => {
    const defaultCertificate = await ca.leaf('ingress-default', {
      commonName: 'Kubernetes Ingress Controller Fake Certificate',
      organizations: ['Acme Co'],
      usage: 'server',
      dnsNames: ['ingress.local'],
    })
    const worker = process.getuid?.() === 0 ? nobody() : undefined
    await runIngress({
      ...part,
      events: createEventRecorder({ ...part, component: EVENT_COMPONENT }),
      addresses: [options.nodeIP],
      listen: ingress,
      gatewayApi: config.gatewayApi ?? true,
      paths: ingressPaths(paths),
      program,
      workerProcesses: Math.min(MAX_WORKERS, availableParallelism()),
      ...(worker ? { worker } : {}),
      defaultCertificate,
      env,
      signal: supervisor.signal,
    })
  })
}

/** Ends an nginx that outlived its cluster's server. Does nothing when there is none. */
export async function stopIngress(paths: ClusterPaths): Promise<void> {
  await stopNginx(ingressPaths(paths), { clock: systemClock, signal: new AbortController().signal })
}

function nobody() {
  const user = nameOf('/etc/passwd')
  const group = nameOf('/etc/group')
  return user && group ? { user, group, uid: NOBODY, gid: NOBODY } : undefined
}

/** The name of number 65534 in a file whose third field is the number. */
function nameOf(file: string): string | undefined {
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.find((line) => line.split(':')[2] === String(NOBODY))?.split(':')[0]
}
