// Validation of the containers of pods. Wording: k8s.io/kubernetes/pkg/apis/core/validation.

import type {
  Container,
  ContainerPort,
  ContainerResizePolicy,
  ContainerRestartRule,
  EphemeralContainer,
  PodSpec,
  Volume,
} from '../../../api/generated/core-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { dnsLabelProblem, portNameProblems, portProblem } from '../../../machinery/names.ts'
import { checkEnum, checkOptionalEnum, invalidFor } from './field-checks.ts'
import type { PodLeniency } from './leniency.ts'
import { validateEnv, validateEnvFrom } from './pod-env.ts'
import { validateMounts } from './pod-mounts.ts'
import { forbidHealth, validateHealth } from './pod-probes.ts'
import { validateSecurity } from './pod-security.ts'
import { validateRequirements } from './resource-requirements.ts'

const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never']
const PROTOCOLS = ['SCTP', 'TCP', 'UDP']
const MESSAGE_POLICIES = ['File', 'FallbackToLogsOnError']
const RESTART_POLICIES = ['Always', 'Never', 'OnFailure']
const RESIZE_POLICIES = ['NotRequired', 'RestartContainer']
const MOST_RULES = 20
const MOST_EXIT_CODES = 255
/** What a container that is added for debugging may have. */
const EPHEMERAL_FIELDS = new Set([
  'name',
  'image',
  'command',
  'args',
  'workingDir',
  'env',
  'envFrom',
  'volumeMounts',
  'volumeDevices',
  'terminationMessagePath',
  'terminationMessagePolicy',
  'imagePullPolicy',
  'securityContext',
  'stdin',
  'stdinOnce',
  'tty',
  'targetContainerName',
])

/** What is known of the pod around a container. */
export interface Surroundings {
  readonly spec: PodSpec
  readonly volumes: ReadonlyMap<string, Volume>
  readonly claims: ReadonlySet<string>
  readonly lenient: PodLeniency
}

/** Problems of all containers of a pod; `path` is that of its spec. */
export function validateContainers(around: Surroundings, path: string): FieldError[] {
  const { spec } = around
  const gracePeriod = spec.terminationGracePeriodSeconds ?? 0
  const { initContainers = [], ephemeralContainers = [] } = spec
  const containers = spec.containers ?? []
  const errors: FieldError[] = []
  if (containers.length === 0) errors.push(field.required(`${path}.containers`))
  const names = new Set<string>()
  for (const [i, container] of containers.entries()) {
    const at = `${path}.containers[${i}]`
    errors.push(...validateCommon(container, around, at))
    errors.push(...takeName(names, container.name, at))
    errors.push(...validateHealth(container, gracePeriod, at), ...validateRestart(container, at))
  }
  errors.push(...duplicateHostPorts(containers, (c) => `${path}.containers[${c}]`))
  for (const [i, container] of initContainers.entries()) {
    const at = `${path}.initContainers[${i}]`
    const sidecar = container.restartPolicy === 'Always'
    errors.push(...validateCommon(container, around, at), ...validateRestart(container, at))
    errors.push(...takeName(names, container.name, at))
    // They run one after the other, so that only the ports of each one are compared; the first is blamed for all.
    errors.push(...duplicateHostPorts([container], () => `${path}.initContainers[0]`))
    errors.push(...(sidecar ? validateHealth(container, gracePeriod, at) : forbidHealth(container, at)))
    if (!around.lenient.initRestarts && restartsInVain(container)) errors.push(...vainRestarts(container, at))
  }
  const targets = new Set(names)
  for (const [i, container] of ephemeralContainers.entries()) {
    const at = `${path}.ephemeralContainers[${i}]`
    errors.push(...validateCommon(container, around, at), ...checkImagePadding(container, at))
    errors.push(...takeName(names, container.name, at), ...validateEphemeral(container, targets, at))
  }
  return errors
}

const isRestart = ({ restartPolicy }: ContainerResizePolicy) => restartPolicy === 'RestartContainer'

/** Whether a container that runs once would be restarted to be resized. */
export function restartsInVain({ restartPolicy, resizePolicy = [] }: Container): boolean {
  return restartPolicy !== 'Always' && resizePolicy.some(isRestart)
}

function vainRestarts({ resizePolicy = [] }: Container, at: string): FieldError[] {
  const why = "must not be set to 'RestartContainer' for non-sidecar initContainers"
  return resizePolicy.flatMap((policy, i) =>
    isRestart(policy) ? [field.invalid(`${at}.resizePolicy[${i}].restartPolicy`, policy.restartPolicy, why)] : [],
  )
}

function takeName(names: Set<string>, name: string, at: string): FieldError[] {
  if (names.has(name)) return [field.duplicate(`${at}.name`, name)]
  if (name) names.add(name)
  return []
}

/** Only pods are held to this: what fills templates in may trim their images later. */
export function checkImagePadding({ image = '' }: { image?: string }, at: string): FieldError[] {
  if (image === image.trim()) return []
  return [field.invalid(`${at}.image`, image, 'must not have leading or trailing whitespace')]
}

function validateCommon(container: Container | EphemeralContainer, around: Surroundings, at: string): FieldError[] {
  const { name, image, securityContext, resources } = container
  const { spec, volumes, claims, lenient } = around
  return [
    ...(name ? invalidFor(`${at}.name`, name, [dnsLabelProblem(name)]) : [field.required(`${at}.name`)]),
    ...(image ? [] : [field.required(`${at}.image`)]),
    ...checkEnum(`${at}.terminationMessagePolicy`, container.terminationMessagePolicy, MESSAGE_POLICIES),
    ...validatePorts(container.ports ?? [], `${at}.ports`),
    ...validateEnv(container.env ?? [], `${at}.env`),
    ...validateEnvFrom(container.envFrom ?? [], `${at}.envFrom`),
    ...validateMounts(container, at, volumes),
    ...checkEnum(`${at}.imagePullPolicy`, container.imagePullPolicy, PULL_POLICIES),
    ...(resources
      ? validateRequirements(resources, `${at}.resources`, claims, { anyHugePages: lenient.hugePages })
      : []),
    ...validateResizePolicy(container.resizePolicy ?? [], spec.restartPolicy, `${at}.resizePolicy`),
    ...validateSecurity(securityContext, `${at}.securityContext`, spec.hostUsers !== false),
  ]
}

function validatePorts(ports: readonly ContainerPort[], path: string): FieldError[] {
  const errors: FieldError[] = []
  const names = new Set<string>()
  for (const [i, { name, containerPort, hostPort, protocol }] of ports.entries()) {
    const at = `${path}[${i}]`
    if (name) {
      const problems = portNameProblems(name)
      errors.push(...invalidFor(`${at}.name`, name, problems))
      if (names.has(name)) errors.push(field.duplicate(`${at}.name`, name))
      if (problems.length === 0) names.add(name)
    }
    if (!containerPort) errors.push(field.required(`${at}.containerPort`))
    else errors.push(...invalidFor(`${at}.containerPort`, containerPort, [portProblem(containerPort)]))
    if (hostPort) errors.push(...invalidFor(`${at}.hostPort`, hostPort, [portProblem(hostPort)]))
    errors.push(...checkEnum(`${at}.protocol`, protocol, PROTOCOLS))
  }
  return errors
}

function duplicateHostPorts(containers: readonly Container[], pathOf: (index: number) => string): FieldError[] {
  const errors: FieldError[] = []
  const taken = new Set<string>()
  for (const [c, container] of containers.entries()) {
    for (const [p, port] of (container.ports ?? []).entries()) {
      if (!port.hostPort) continue
      const id = `${port.protocol ?? ''}/${port.hostIP ?? ''}/${port.hostPort}`
      if (taken.has(id)) errors.push(field.duplicate(`${pathOf(c)}.ports[${p}].hostPort`, id))
      taken.add(id)
    }
  }
  return errors
}

/** With the network of its node, a port of a container is that port of the node. */
export function validateHostNetwork(spec: PodSpec, path: string, ofPod: boolean): FieldError[] {
  if (!spec.hostNetwork) return []
  return (spec.containers ?? []).flatMap((container, c) =>
    (container.ports ?? []).flatMap(({ hostPort = 0, containerPort }, p) => {
      if (hostPort === containerPort || (hostPort === 0 && !ofPod)) return []
      const at = `${path}.containers[${c}].ports[${p}].hostPort`
      return [field.invalid(at, hostPort, 'must match `containerPort` when `hostNetwork` is true')]
    }),
  )
}

function validateResizePolicy(
  policies: readonly ContainerResizePolicy[],
  restartPolicy: string | undefined,
  path: string,
): FieldError[] {
  const seen = new Set<string>()
  return policies.flatMap(({ resourceName, restartPolicy: policy }, i) => {
    const errors: FieldError[] = []
    if (seen.has(resourceName)) errors.push(field.duplicate(`${path}[${i}]`, resourceName))
    seen.add(resourceName)
    errors.push(...checkEnum(path, resourceName, ['cpu', 'memory']), ...checkEnum(path, policy, RESIZE_POLICIES))
    if (restartPolicy === 'Never' && policy !== 'NotRequired') {
      errors.push(field.invalid(path, policy ?? '', "must be 'NotRequired' when pod `restartPolicy` is 'Never'"))
    }
    return errors
  })
}

function validateRestart({ restartPolicy, restartPolicyRules: rules = [] }: Container, at: string): FieldError[] {
  const path = `${at}.restartPolicy`
  const errors = checkOptionalEnum(path, restartPolicy, RESTART_POLICIES)
  if (restartPolicy === undefined && rules.length > 0) {
    errors.push(field.required(path, 'must specify restartPolicy when restart rules are used'))
  }
  if (rules.length > MOST_RULES) errors.push(field.tooMany(`${at}.restartPolicyRules`, rules.length, MOST_RULES))
  return [...errors, ...rules.flatMap((rule, i) => validateRestartRule(rule, `${at}.restartPolicyRules[${i}]`))]
}

function validateRestartRule({ action, exitCodes }: ContainerRestartRule, at: string): FieldError[] {
  const errors = checkOptionalEnum(`${at}.action`, action ?? '', ['Restart', 'RestartAllContainers'])
  if (!exitCodes) return [...errors, field.required(`${at}.exitCodes`, 'must be specified')]
  const { operator, values = [] } = exitCodes
  errors.push(...checkOptionalEnum(`${at}.exitCodes.operator`, operator ?? '', ['In', 'NotIn']))
  if (values.length > MOST_EXIT_CODES) {
    errors.push(field.tooMany(`${at}.exitCodes.values`, values.length, MOST_EXIT_CODES))
  }
  return errors
}

function validateEphemeral(container: EphemeralContainer, targets: ReadonlySet<string>, at: string): FieldError[] {
  const why = 'cannot be set for an Ephemeral Container'
  const { targetContainerName: target } = container
  const errors: FieldError[] = []
  if (target && !targets.has(target)) errors.push(field.notFound(`${at}.targetContainerName`, target))
  for (const [name, value] of Object.entries(container)) {
    const empty = typeof value === 'object' && Object.keys(value).length === 0
    if (!EPHEMERAL_FIELDS.has(name) && !empty) errors.push(field.forbidden(`${at}.${name}`, why))
  }
  for (const [i, { subPath, subPathExpr }] of (container.volumeMounts ?? []).entries()) {
    if (subPath) errors.push(field.forbidden(`${at}.volumeMounts[${i}].subPath`, why))
    if (subPathExpr) errors.push(field.forbidden(`${at}.volumeMounts[${i}].subPathExpr`, why))
  }
  return errors
}
