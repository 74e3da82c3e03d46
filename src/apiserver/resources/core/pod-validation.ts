// Validation of pod specs. Wording: k8s.io/kubernetes/pkg/apis/core/validation.

import type {
  Container,
  ContainerPort,
  EnvVar,
  PodSpec,
  Probe,
  Volume,
  VolumeMount,
} from '../../../api/generated/core-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import {
  configMapKeyProblem,
  dnsLabelProblem,
  dnsSubdomainProblem,
  envVarNameProblem,
  portNameProblem,
  portProblem,
  qualifiedNameProblem,
} from '../../../machinery/names.ts'
import { compareQuantities, parseQuantity } from '../../../machinery/quantity.ts'
import { validateLabels } from '../../registry/metadata.ts'

const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never']
const PROTOCOLS = ['TCP', 'UDP', 'SCTP']
const NON_NEGATIVE = 'must be greater than or equal to 0'

/** Problems of a pod spec at `path`, which is `spec` or `spec.template.spec`. */
export function validatePodSpec(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = []
  const volumes = new Set<string>()
  for (const [i, volume] of (spec.volumes ?? []).entries()) {
    errors.push(...validateVolume(volume, `${path}.volumes[${i}]`, volumes))
  }
  const names = new Set<string>()
  if ((spec.containers ?? []).length === 0) errors.push(field.required(`${path}.containers`))
  for (const [i, container] of (spec.initContainers ?? []).entries()) {
    errors.push(...validateContainer(container, `${path}.initContainers[${i}]`, names, volumes))
    if (container.restartPolicy === undefined) errors.push(...forbidOnInit(container, `${path}.initContainers[${i}]`))
  }
  for (const [i, container] of (spec.containers ?? []).entries()) {
    errors.push(...validateContainer(container, `${path}.containers[${i}]`, names, volumes))
  }
  errors.push(...duplicateHostPorts(spec, path))
  oneOf(errors, `${path}.restartPolicy`, spec.restartPolicy, ['Always', 'OnFailure', 'Never'])
  oneOf(errors, `${path}.dnsPolicy`, spec.dnsPolicy, ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'])
  errors.push(...validateLabels(spec.nodeSelector ?? {}, `${path}.nodeSelector`))
  named(errors, `${path}.nodeName`, spec.nodeName, dnsSubdomainProblem)
  named(errors, `${path}.serviceAccountName`, spec.serviceAccountName, dnsSubdomainProblem)
  named(errors, `${path}.hostname`, spec.hostname, dnsLabelProblem)
  named(errors, `${path}.subdomain`, spec.subdomain, dnsLabelProblem)
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) {
    errors.push(
      field.invalid(`${path}.terminationGracePeriodSeconds`, spec.terminationGracePeriodSeconds, NON_NEGATIVE),
    )
  }
  if (spec.activeDeadlineSeconds !== undefined && spec.activeDeadlineSeconds < 1) {
    errors.push(
      field.invalid(
        `${path}.activeDeadlineSeconds`,
        spec.activeDeadlineSeconds,
        'must be between 1 and 2147483647, inclusive',
      ),
    )
  }
  errors.push(...validateTolerations(spec, path))
  return errors
}

function named(
  errors: FieldError[],
  path: string,
  value: string | undefined,
  problemOf: (value: string) => string | undefined,
): void {
  if (!value) return
  const problem = problemOf(value)
  if (problem) errors.push(field.invalid(path, value, problem))
}

function oneOf(errors: FieldError[], path: string, value: string | undefined, allowed: readonly string[]): void {
  if (value === undefined || value === '') errors.push(field.required(path))
  else if (!allowed.includes(value)) errors.push(field.notSupported(path, value, allowed))
}

function validateVolume(volume: Volume, path: string, names: Set<string>): FieldError[] {
  const errors: FieldError[] = []
  if (!volume.name) errors.push(field.required(`${path}.name`))
  else {
    const problem = dnsLabelProblem(volume.name)
    if (problem) errors.push(field.invalid(`${path}.name`, volume.name, problem))
    if (names.has(volume.name)) errors.push(field.duplicate(`${path}.name`, volume.name))
    names.add(volume.name)
  }
  const sources = Object.keys(volume).filter((key) => key !== 'name')
  for (const extra of sources.slice(1)) {
    errors.push(field.forbidden(`${path}.${extra}`, 'may not specify more than 1 volume type'))
  }
  if (volume.hostPath && !volume.hostPath.path) errors.push(field.required(`${path}.hostPath.path`))
  if (volume.hostPath?.path?.split('/').includes('..')) {
    errors.push(field.invalid(`${path}.hostPath.path`, volume.hostPath.path, "must not contain '..'"))
  }
  if (volume.secret && !volume.secret.secretName) errors.push(field.required(`${path}.secret.secretName`))
  if (volume.configMap && !volume.configMap.name) errors.push(field.required(`${path}.configMap.name`))
  if (volume.persistentVolumeClaim && !volume.persistentVolumeClaim.claimName) {
    errors.push(field.required(`${path}.persistentVolumeClaim.claimName`))
  }
  return errors
}

function validateContainer(container: Container, path: string, names: Set<string>, volumes: Set<string>): FieldError[] {
  const errors: FieldError[] = []
  if (!container.name) errors.push(field.required(`${path}.name`))
  else {
    const problem = dnsLabelProblem(container.name)
    if (problem) errors.push(field.invalid(`${path}.name`, container.name, problem))
    if (names.has(container.name)) errors.push(field.duplicate(`${path}.name`, container.name))
    names.add(container.name)
  }
  if (!container.image) errors.push(field.required(`${path}.image`))
  else if (container.image.trim() !== container.image) {
    errors.push(field.invalid(`${path}.image`, container.image, 'must not have leading or trailing whitespace'))
  }
  oneOf(errors, `${path}.imagePullPolicy`, container.imagePullPolicy, PULL_POLICIES)
  errors.push(...validatePorts(container.ports ?? [], path))
  errors.push(...validateEnv(container.env ?? [], path))
  for (const [i, from] of (container.envFrom ?? []).entries()) {
    const at = `${path}.envFrom[${i}]`
    if (!from.configMapRef && !from.secretRef)
      errors.push(field.invalid(at, '', 'must specify one of: `configMapRef` or `secretRef`'))
    if (from.configMapRef && from.secretRef)
      errors.push(field.invalid(at, '', 'may not have more than one field specified at a time'))
    if (from.configMapRef && !from.configMapRef.name) errors.push(field.required(`${at}.configMapRef.name`))
    if (from.secretRef && !from.secretRef.name) errors.push(field.required(`${at}.secretRef.name`))
  }
  errors.push(...validateMounts(container.volumeMounts ?? [], path, volumes))
  errors.push(...validateResources(container, path))
  const probes = {
    livenessProbe: container.livenessProbe,
    readinessProbe: container.readinessProbe,
    startupProbe: container.startupProbe,
  }
  for (const [name, probe] of Object.entries(probes)) {
    if (probe) errors.push(...validateProbe(probe, `${path}.${name}`, name))
  }
  return errors
}

function forbidOnInit(container: Container, path: string): FieldError[] {
  const names = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const
  return names
    .filter((name) => container[name] !== undefined)
    .map((name) =>
      field.forbidden(`${path}.${name}`, `may not be set for init containers without restartPolicy=Always`),
    )
}

function validatePorts(ports: readonly ContainerPort[], path: string): FieldError[] {
  const errors: FieldError[] = []
  const names = new Set<string>()
  for (const [i, port] of ports.entries()) {
    const at = `${path}.ports[${i}]`
    if (port.name) {
      const problem = portNameProblem(port.name)
      if (problem) errors.push(field.invalid(`${at}.name`, port.name, problem))
      else if (names.has(port.name)) errors.push(field.duplicate(`${at}.name`, port.name))
      names.add(port.name)
    }
    if (!port.containerPort) errors.push(field.required(`${at}.containerPort`))
    else {
      const problem = portProblem(port.containerPort)
      if (problem) errors.push(field.invalid(`${at}.containerPort`, port.containerPort, problem))
    }
    if (port.hostPort) {
      const problem = portProblem(port.hostPort)
      if (problem) errors.push(field.invalid(`${at}.hostPort`, port.hostPort, problem))
    }
    if (port.protocol && !PROTOCOLS.includes(port.protocol)) {
      errors.push(field.notSupported(`${at}.protocol`, port.protocol, PROTOCOLS))
    }
  }
  return errors
}

function duplicateHostPorts(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = []
  const taken = new Set<string>()
  for (const [c, container] of (spec.containers ?? []).entries()) {
    for (const [p, port] of (container.ports ?? []).entries()) {
      if (spec.hostNetwork && port.hostPort !== port.containerPort) {
        errors.push(
          field.invalid(
            `${path}.containers[${c}].ports[${p}].containerPort`,
            port.containerPort,
            'must match `hostPort` when `hostNetwork` is true',
          ),
        )
      }
      if (!port.hostPort) continue
      const id = `${port.protocol ?? 'TCP'}/${port.hostIP ?? ''}/${port.hostPort}`
      if (taken.has(id)) errors.push(field.duplicate(`${path}.containers[${c}].ports[${p}].hostPort`, `${id}`))
      taken.add(id)
    }
  }
  return errors
}

function validateEnv(env: readonly EnvVar[], path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const [i, variable] of env.entries()) {
    const at = `${path}.env[${i}]`
    if (!variable.name) errors.push(field.required(`${at}.name`))
    else {
      const problem = envVarNameProblem(variable.name)
      if (problem) errors.push(field.invalid(`${at}.name`, variable.name, problem))
    }
    const from = variable.valueFrom
    if (!from) continue
    const sources = Object.keys(from)
    if (sources.length === 0) {
      errors.push(
        field.invalid(
          `${at}.valueFrom`,
          '',
          'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
        ),
      )
    } else if (sources.length > 1) {
      errors.push(field.invalid(`${at}.valueFrom`, '', 'may not have more than one field specified at a time'))
    } else if (variable.value) {
      errors.push(field.invalid(`${at}.valueFrom`, '', 'may not be specified when `value` is not empty'))
    }
    for (const kind of ['configMapKeyRef', 'secretKeyRef'] as const) {
      const ref = from[kind]
      if (!ref) continue
      if (!ref.name) errors.push(field.required(`${at}.valueFrom.${kind}.name`))
      if (!ref.key) errors.push(field.required(`${at}.valueFrom.${kind}.key`))
      else {
        const problem = configMapKeyProblem(ref.key)
        if (problem) errors.push(field.invalid(`${at}.valueFrom.${kind}.key`, ref.key, problem))
      }
    }
    if (from.fieldRef && !from.fieldRef.fieldPath) errors.push(field.required(`${at}.valueFrom.fieldRef.fieldPath`))
  }
  return errors
}

function validateMounts(mounts: readonly VolumeMount[], path: string, volumes: Set<string>): FieldError[] {
  const errors: FieldError[] = []
  const paths = new Set<string>()
  for (const [i, mount] of mounts.entries()) {
    const at = `${path}.volumeMounts[${i}]`
    if (!mount.name) errors.push(field.required(`${at}.name`))
    else if (!volumes.has(mount.name)) errors.push(field.notFound(`${at}.name`, mount.name))
    if (!mount.mountPath) errors.push(field.required(`${at}.mountPath`))
    else if (paths.has(mount.mountPath))
      errors.push(field.invalid(`${at}.mountPath`, mount.mountPath, 'must be unique'))
    paths.add(mount.mountPath)
    if (mount.subPath?.startsWith('/'))
      errors.push(field.invalid(`${at}.subPath`, mount.subPath, 'must be a relative path'))
    if (mount.subPath?.split('/').includes('..'))
      errors.push(field.invalid(`${at}.subPath`, mount.subPath, "must not contain '..'"))
  }
  return errors
}

const STANDARD_RESOURCES = new Set(['cpu', 'memory', 'ephemeral-storage'])

function validateResources(container: Container, path: string): FieldError[] {
  const errors: FieldError[] = []
  const { limits = {}, requests = {} } = container.resources ?? {}
  for (const [kind, list] of Object.entries({ limits, requests })) {
    for (const [name, value] of Object.entries(list)) {
      const at = `${path}.resources.${kind}[${name}]`
      if (!name.includes('/') && !STANDARD_RESOURCES.has(name) && !name.startsWith('hugepages-')) {
        const problem = qualifiedNameProblem(name) ?? 'must be a standard resource for containers'
        errors.push(field.invalid(`${path}.resources.${kind}.${name}`, name, problem))
      }
      if ((parseQuantity(value)?.nanos ?? 0n) < 0n) errors.push(field.invalid(at, value, NON_NEGATIVE))
    }
  }
  for (const [name, value] of Object.entries(requests)) {
    const limit = limits[name]
    if (limit !== undefined && compareQuantities(value, limit) > 0) {
      errors.push(
        field.invalid(`${path}.resources.requests`, value, `must be less than or equal to ${name} limit of ${limit}`),
      )
    }
  }
  return errors
}

function validateProbe(probe: Probe, path: string, name: string): FieldError[] {
  const errors: FieldError[] = []
  const handlers = (['exec', 'httpGet', 'tcpSocket', 'grpc'] as const).filter((h) => probe[h] !== undefined)
  if (handlers.length === 0) errors.push(field.required(path, 'must specify a handler type'))
  for (const extra of handlers.slice(1))
    errors.push(field.forbidden(`${path}.${extra}`, 'may not specify more than 1 handler type'))
  const counts = {
    initialDelaySeconds: probe.initialDelaySeconds,
    timeoutSeconds: probe.timeoutSeconds,
    periodSeconds: probe.periodSeconds,
    successThreshold: probe.successThreshold,
    failureThreshold: probe.failureThreshold,
  }
  for (const [key, value] of Object.entries(counts)) {
    if ((value ?? 0) < 0) errors.push(field.invalid(`${path}.${key}`, value, NON_NEGATIVE))
  }
  if (name !== 'readinessProbe' && (probe.successThreshold ?? 1) !== 1) {
    errors.push(field.invalid(`${path}.successThreshold`, probe.successThreshold, 'must be 1'))
  }
  if (probe.exec && (probe.exec.command ?? []).length === 0) errors.push(field.required(`${path}.exec.command`))
  const port = probe.httpGet?.port ?? probe.tcpSocket?.port
  if (port !== undefined) {
    const problem = typeof port === 'number' ? portProblem(port) : portNameProblem(port)
    const handler = probe.httpGet ? 'httpGet' : 'tcpSocket'
    if (problem) errors.push(field.invalid(`${path}.${handler}.port`, port, problem))
  }
  return errors
}

function validateTolerations(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = []
  const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']
  for (const [i, toleration] of (spec.tolerations ?? []).entries()) {
    const at = `${path}.tolerations[${i}]`
    if (toleration.key) {
      const problem = qualifiedNameProblem(toleration.key)
      if (problem) errors.push(field.invalid(`${at}.key`, toleration.key, problem))
    } else if (toleration.operator !== 'Exists') {
      errors.push(
        field.invalid(
          `${at}.operator`,
          toleration.operator ?? '',
          'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        ),
      )
    }
    if (toleration.effect && !effects.includes(toleration.effect)) {
      errors.push(field.notSupported(`${at}.effect`, toleration.effect, effects))
    }
    if (toleration.tolerationSeconds !== undefined && toleration.effect !== 'NoExecute') {
      errors.push(
        field.invalid(
          `${at}.effect`,
          toleration.effect ?? '',
          "effect must be 'NoExecute' when `tolerationSeconds` is set",
        ),
      )
    }
  }
  return errors
}
