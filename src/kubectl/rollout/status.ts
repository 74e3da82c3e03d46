// How far a rollout is.
// Model: k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go.

import { KubectlError } from '../errors.ts'
import { isObject, type KubeObject } from '../object.ts'

export interface RolloutStatus {
  readonly text: string
  readonly done: boolean
}

type Json = Record<string, unknown>
const waiting = (text: string): RolloutStatus => ({ text: `${text}\n`, done: false })
const finished = (text: string): RolloutStatus => ({ text: `${text}\n`, done: true })

/** What is to be said of an object. Throws KubectlError when the rollout has failed or cannot be told. */
export function rolloutStatus(object: KubeObject, revision: number): RolloutStatus {
  const spec = isObject(object.spec) ? object.spec : {}
  const status = isObject(object.status) ? object.status : {}
  switch (object.kind) {
    case 'Deployment':
      return deploymentStatus(object, spec, status, revision)
    case 'DaemonSet':
      return daemonSetStatus(object, spec, status)
    case 'StatefulSet':
      return statefulSetStatus(object, spec, status)
    default:
      throw new KubectlError(`no status viewer has been implemented for ${object.kind}`)
  }
}

const count = (value: unknown) => Number(value ?? 0)
const quoted = (object: KubeObject) => JSON.stringify(object.metadata?.name ?? '')
const isObserved = (object: KubeObject, status: Json) =>
  count(object.metadata?.generation) <= count(status.observedGeneration)

function deploymentStatus(object: KubeObject, spec: Json, status: Json, revision: number): RolloutStatus {
  const running = count(object.metadata?.annotations?.['deployment.kubernetes.io/revision'])
  if (revision > 0 && revision !== running) {
    throw new KubectlError(`desired revision (${revision}) is different from the running revision (${running})`)
  }
  if (!isObserved(object, status)) return waiting('Waiting for deployment spec update to be observed...')
  const conditions = Array.isArray(status.conditions) ? status.conditions.filter(isObject) : []
  if (conditions.some((c) => c.type === 'Progressing' && c.reason === 'ProgressDeadlineExceeded')) {
    throw new KubectlError(`deployment ${quoted(object)} exceeded its progress deadline`)
  }
  const [wanted, updated] = [count(spec.replicas), count(status.updatedReplicas)]
  const [all, available] = [count(status.replicas), count(status.availableReplicas)]
  const head = `Waiting for deployment ${quoted(object)} rollout to finish:`
  if (updated < wanted) return waiting(`${head} ${updated} out of ${wanted} new replicas have been updated...`)
  if (all > updated) return waiting(`${head} ${all - updated} old replicas are pending termination...`)
  if (available < updated) return waiting(`${head} ${available} of ${updated} updated replicas are available...`)
  return finished(`deployment ${quoted(object)} successfully rolled out`)
}

function onlyRolling(spec: Json): void {
  const strategy = isObject(spec.updateStrategy) ? spec.updateStrategy : {}
  if (strategy.type === 'RollingUpdate') return
  throw new KubectlError('rollout status is only available for RollingUpdate strategy type')
}

function daemonSetStatus(object: KubeObject, spec: Json, status: Json): RolloutStatus {
  onlyRolling(spec)
  if (!isObserved(object, status)) return waiting('Waiting for daemon set spec update to be observed...')
  const wanted = count(status.desiredNumberScheduled)
  const [updated, available] = [count(status.updatedNumberScheduled), count(status.numberAvailable)]
  const head = `Waiting for daemon set ${quoted(object)} rollout to finish:`
  if (updated < wanted) return waiting(`${head} ${updated} out of ${wanted} new pods have been updated...`)
  if (available < wanted) return waiting(`${head} ${available} of ${wanted} updated pods are available...`)
  return finished(`daemon set ${quoted(object)} successfully rolled out`)
}

function statefulSetStatus(object: KubeObject, spec: Json, status: Json): RolloutStatus {
  onlyRolling(spec)
  if (count(status.observedGeneration) === 0 || !isObserved(object, status)) {
    return waiting('Waiting for statefulset spec update to be observed...')
  }
  const [wanted, ready, updated] = [count(spec.replicas), count(status.readyReplicas), count(status.updatedReplicas)]
  if (ready < wanted) return waiting(`Waiting for ${wanted - ready} pods to be ready...`)
  const strategy = isObject(spec.updateStrategy) ? spec.updateStrategy : {}
  if (isObject(strategy.rollingUpdate)) {
    const toUpdate = wanted - count(strategy.rollingUpdate.partition)
    if (updated < toUpdate) {
      return waiting(
        `Waiting for partitioned roll out to finish: ${updated} out of ${toUpdate} new pods have been updated...`,
      )
    }
    return finished(`partitioned roll out complete: ${updated} new pods have been updated...`)
  }
  if (status.updateRevision !== status.currentRevision) {
    return waiting(
      `waiting for statefulset rolling update to complete ${updated} pods at revision ${status.updateRevision}...`,
    )
  }
  return finished(
    `statefulset rolling update complete ${count(status.currentReplicas)} pods at revision ${status.currentRevision}...`,
  )
}
