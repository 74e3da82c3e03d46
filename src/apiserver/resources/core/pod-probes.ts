// Validation of probes and lifecycle hooks. Wording: k8s.io/kubernetes/pkg/apis/core/validation.

import type { Container, HTTPGetAction, LifecycleHandler, Probe } from '../../../api/generated/core-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { checkNonNegative, checkPort } from './field-checks.ts'

const HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const
const SCHEMES = ['HTTP', 'HTTPS']
const PROBES = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const
const COUNTS = [
  'initialDelaySeconds',
  'timeoutSeconds',
  'periodSeconds',
  'successThreshold',
  'failureThreshold',
] as const

/** Problems of the hooks and probes of a container that may have them. */
export function validateHealth(container: Container, gracePeriod: number, path: string): FieldError[] {
  const { postStart, preStop } = container.lifecycle ?? {}
  const errors: FieldError[] = []
  if (postStart) errors.push(...validateHandler(postStart, gracePeriod, `${path}.lifecycle.postStart`))
  if (preStop) errors.push(...validateHandler(preStop, gracePeriod, `${path}.lifecycle.preStop`))
  for (const name of PROBES) {
    const probe = container[name]
    if (probe) errors.push(...validateProbe(probe, name, gracePeriod, `${path}.${name}`))
  }
  return errors
}

/** Containers that end before the others start have neither hooks nor probes. */
export function forbidHealth(container: Container, path: string): FieldError[] {
  return (['lifecycle', ...PROBES] as const)
    .filter((name) => container[name] !== undefined)
    .map((name) =>
      field.forbidden(`${path}.${name}`, 'may not be set for init containers without restartPolicy=Always'),
    )
}

function validateProbe(probe: Probe, name: (typeof PROBES)[number], gracePeriod: number, path: string): FieldError[] {
  const errors = validateHandler(probe, gracePeriod, path)
  for (const count of COUNTS) errors.push(...checkNonNegative(`${path}.${count}`, probe[count]))
  const grace = probe.terminationGracePeriodSeconds
  const graceAt = `${path}.terminationGracePeriodSeconds`
  if (grace !== undefined && grace <= 0) errors.push(field.invalid(graceAt, grace, 'must be greater than 0'))
  if (name === 'readinessProbe') {
    if (grace !== undefined) errors.push(field.invalid(graceAt, grace, 'must not be set for readinessProbes'))
  } else if (probe.successThreshold !== 1) {
    errors.push(field.invalid(`${path}.successThreshold`, probe.successThreshold ?? 0, 'must be 1'))
  }
  return errors
}

/** Exactly one way to ask, and that one in order. */
function validateHandler(handler: LifecycleHandler & Probe, gracePeriod: number, path: string): FieldError[] {
  const [kind, ...more] = HANDLERS.filter((name) => handler[name] !== undefined)
  if (!kind) return [field.required(path, 'must specify a handler type')]
  const at = `${path}.${kind}`
  const errors: FieldError[] = []
  if (handler.exec && (handler.exec.command ?? []).length === 0) errors.push(field.required(`${at}.command`))
  if (kind === 'httpGet' && handler.httpGet) errors.push(...validateHttpGet(handler.httpGet, at))
  if (kind === 'tcpSocket') errors.push(...checkPort(`${at}.port`, handler.tcpSocket?.port))
  if (kind === 'grpc') errors.push(...checkPort(`${at}.port`, handler.grpc?.port))
  const seconds = handler.sleep?.seconds ?? 0
  if (kind === 'sleep' && (seconds < 0 || seconds > gracePeriod)) {
    const why = `must be non-negative and less than terminationGracePeriodSeconds (${gracePeriod})`
    errors.push(field.invalid(at, seconds, why))
  }
  const surplus = more.map((name) => field.forbidden(`${path}.${name}`, 'may not specify more than 1 handler type'))
  return [...errors, ...surplus]
}

function validateHttpGet(get: HTTPGetAction, path: string): FieldError[] {
  const errors: FieldError[] = []
  if (!get.path) errors.push(field.required(`${path}.path`))
  errors.push(...checkPort(`${path}.port`, get.port))
  if (!SCHEMES.includes(get.scheme ?? '')) errors.push(field.notSupported(`${path}.scheme`, get.scheme ?? '', SCHEMES))
  const why =
    "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')"
  for (const { name } of get.httpHeaders ?? []) {
    if (!/^[-A-Za-z0-9]+$/.test(name)) errors.push(field.invalid(`${path}.httpHeaders`, name, why))
  }
  return errors
}
