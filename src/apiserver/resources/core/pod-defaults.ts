// Defaults of pod specs, shared by pods and by every template. Values: k8s.io/kubernetes/pkg/apis/core/v1/defaults.go.

import type {
  Container,
  EphemeralContainer,
  PodSpec,
  PodTemplateSpec,
  Probe,
  ResourceRequirements,
  Volume,
} from '../../../api/generated/core-v1.ts'
import { defaultClaimSpec, defaultVolumeSource } from './volume-defaults.ts'

const DEFAULT_MODE = 0o644

/** Fills in a pod spec's defaults in place. */
function defaultPodSpec(spec: PodSpec): void {
  spec.restartPolicy ??= 'Always'
  spec.terminationGracePeriodSeconds ??= 30
  spec.dnsPolicy ??= 'ClusterFirst'
  spec.securityContext ??= {}
  spec.schedulerName ??= 'default-scheduler'
  // The older name of the same field.
  const account = spec.serviceAccountName || spec.serviceAccount
  if (account) {
    spec.serviceAccountName = account
    spec.serviceAccount = account
  }
  if (spec.hostNetwork) {
    for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
      for (const port of container.ports ?? []) port.hostPort ??= port.containerPort
    }
  }
  for (const container of spec.initContainers ?? []) defaultContainer(container)
  for (const container of spec.containers ?? []) defaultContainer(container)
  for (const container of spec.ephemeralContainers ?? []) defaultEphemeral(container)
  for (const volume of spec.volumes ?? []) defaultVolume(volume)
}

/** Additional defaults of pods proper: requests follow limits, service links are on. */
export function defaultPod(spec: PodSpec): void {
  defaultPodSpec(spec)
  // Templates keep what they say. Upstream: Convert_v1_Pod_To_core_Pod.
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) spec.terminationGracePeriodSeconds = 1
  spec.enableServiceLinks ??= true
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
    const limits = container.resources?.limits
    if (!container.resources || !limits) continue
    const requests = { ...container.resources.requests }
    for (const [name, value] of Object.entries(limits)) requests[name] ??= value
    container.resources.requests = requests
  }
}

function defaultContainer(container: Container): void {
  defaultEphemeral(container)
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) {
    if (probe) defaultProbe(probe)
  }
  for (const hook of [container.lifecycle?.postStart, container.lifecycle?.preStop]) {
    if (hook?.httpGet) {
      hook.httpGet.path ??= '/'
      hook.httpGet.scheme ??= 'HTTP'
    }
  }
}

function defaultEphemeral(container: Container | EphemeralContainer): void {
  container.imagePullPolicy ??= pullPolicy(container.image ?? '')
  container.terminationMessagePath ??= '/dev/termination-log'
  container.terminationMessagePolicy ??= 'File'
  container.resources ??= {} satisfies ResourceRequirements
  for (const port of container.ports ?? []) port.protocol ??= 'TCP'
  for (const env of container.env ?? []) {
    if (env.valueFrom?.fieldRef) env.valueFrom.fieldRef.apiVersion ??= 'v1'
    if (env.valueFrom?.fileKeyRef) env.valueFrom.fileKeyRef.optional ??= false
    if (env.valueFrom?.resourceFieldRef) env.valueFrom.resourceFieldRef.divisor ??= '0'
  }
}

/** `Always` for `:latest` and untagged images, else `IfNotPresent`. */
function pullPolicy(image: string): string {
  if (image.includes('@')) return 'IfNotPresent'
  const tag = /:([^/:]+)$/.exec(image)?.[1] ?? 'latest'
  return tag === 'latest' ? 'Always' : 'IfNotPresent'
}

function defaultProbe(probe: Probe): void {
  probe.timeoutSeconds ??= 1
  probe.periodSeconds ??= 10
  probe.successThreshold ??= 1
  probe.failureThreshold ??= 3
  if (probe.httpGet) {
    probe.httpGet.path ??= '/'
    probe.httpGet.scheme ??= 'HTTP'
  }
  if (probe.grpc) probe.grpc.service ??= ''
}

function defaultVolume(volume: Volume): void {
  const sources = Object.keys(volume).filter((key) => key !== 'name')
  if (sources.length === 0) volume.emptyDir = {}
  if (volume.secret) volume.secret.defaultMode ??= DEFAULT_MODE
  if (volume.configMap) volume.configMap.defaultMode ??= DEFAULT_MODE
  if (volume.downwardAPI) {
    volume.downwardAPI.defaultMode ??= DEFAULT_MODE
    for (const item of volume.downwardAPI.items ?? []) if (item.fieldRef) item.fieldRef.apiVersion ??= 'v1'
  }
  if (volume.projected) {
    volume.projected.defaultMode ??= DEFAULT_MODE
    for (const source of volume.projected.sources ?? []) {
      if (source.serviceAccountToken) source.serviceAccountToken.expirationSeconds ??= 3600
      for (const item of source.downwardAPI?.items ?? []) if (item.fieldRef) item.fieldRef.apiVersion ??= 'v1'
    }
  }
  if (volume.image) volume.image.pullPolicy ??= pullPolicy(volume.image.reference ?? '')
  const claim = volume.ephemeral?.volumeClaimTemplate?.spec
  if (claim) defaultClaimSpec(claim)
  defaultVolumeSource(volume)
}

/** Fills in a template, of which there is always one, and in it a spec. */
export function defaultTemplate(holder: { template?: PodTemplateSpec }): void {
  holder.template ??= {} as PodTemplateSpec
  holder.template.spec ??= {} as PodSpec
  defaultPodSpec(holder.template.spec)
}
