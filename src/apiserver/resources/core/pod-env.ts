// Validation of the environment of containers and of what the downward API refers to.
// Wording: k8s.io/kubernetes/pkg/apis/core/validation.

import type {
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  ObjectFieldSelector,
  ResourceFieldSelector,
} from '../../../api/generated/core-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { configMapKeyProblem, dnsSubdomainProblem, envVarNameProblem } from '../../../machinery/names.ts'
import { checkQualifiedName, checkRequired, invalidFor } from './field-checks.ts'

const ENV_FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]
export const VOLUME_FIELDS = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
]
/** All that the downward API knows by name, in one place or another. */
const KNOWN_FIELDS = new Set([...ENV_FIELDS, ...VOLUME_FIELDS, 'spec.schedulerName', 'spec.restartPolicy'])
const RESOURCE_FIELDS = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
]
const HUGE_PAGES = /^(limits|requests)\.hugepages-/
const CPU_DIVISORS = ['1m', '1']
const BYTE_DIVISORS = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei']

export function validateEnv(env: readonly EnvVar[], path: string): FieldError[] {
  return env.flatMap((variable, i) => {
    const at = `${path}[${i}]`
    return [
      ...(variable.name
        ? invalidFor(`${at}.name`, variable.name, [envVarNameProblem(variable.name)])
        : [field.required(`${at}.name`)]),
      ...(variable.valueFrom ? validateSource(variable.valueFrom, variable.value ?? '', `${at}.valueFrom`) : []),
    ]
  })
}

function validateSource(from: EnvVarSource, value: string, path: string): FieldError[] {
  const errors: FieldError[] = []
  if (from.fieldRef) errors.push(...validateFieldRef(from.fieldRef, ENV_FIELDS, `${path}.fieldRef`))
  if (from.resourceFieldRef) errors.push(...validateResourceFieldRef(from.resourceFieldRef, `${path}.resourceFieldRef`))
  for (const kind of ['configMapKeyRef', 'secretKeyRef'] as const) {
    const ref = from[kind]
    if (!ref) continue
    errors.push(...invalidFor(`${path}.${kind}.name`, ref.name ?? '', [dnsSubdomainProblem(ref.name ?? '')]))
    if (!ref.key) errors.push(field.required(`${path}.${kind}.key`))
    else errors.push(...invalidFor(`${path}.${kind}.key`, ref.key, [configMapKeyProblem(ref.key)]))
  }
  const sources = Object.keys(from).length
  if (sources === 0) {
    const why = 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`'
    errors.push(field.invalid(path, '', why))
  } else if (value !== '') errors.push(field.invalid(path, '', 'may not be specified when `value` is not empty'))
  else if (sources > 1) errors.push(field.invalid(path, '', 'may not have more than one field specified at a time'))
  return errors
}

/** A field of the pod: one of `fields`, or one label or annotation. */
export function validateFieldRef(ref: ObjectFieldSelector, fields: readonly string[], path: string): FieldError[] {
  if (!ref.apiVersion) return [field.required(`${path}.apiVersion`)]
  const { fieldPath } = ref
  if (!fieldPath) return [field.required(`${path}.fieldPath`)]
  const [, base = fieldPath, key] = /^(.*)\['(.*)'\]$/.exec(fieldPath) ?? []
  const why =
    ref.apiVersion !== 'v1'
      ? `unsupported pod version: ${ref.apiVersion}`
      : key === undefined
        ? KNOWN_FIELDS.has(fieldPath)
          ? undefined
          : `field label not supported: ${fieldPath}`
        : base === 'metadata.annotations' || base === 'metadata.labels'
          ? undefined
          : `field label does not support subscript: ${fieldPath}`
  if (why !== undefined) return [field.invalid(`${path}.fieldPath`, fieldPath, `error converting fieldPath: ${why}`)]
  if (key !== undefined) return checkQualifiedName(path, base === 'metadata.annotations' ? key.toLowerCase() : key)
  return fields.includes(fieldPath) ? [] : [field.notSupported(`${path}.fieldPath`, fieldPath, fields)]
}

/** A resource of a container; `inVolume`, which container has to be said. */
export function validateResourceFieldRef(ref: ResourceFieldSelector, path: string, inVolume = false): FieldError[] {
  const errors: FieldError[] = []
  if (inVolume && !ref.containerName) errors.push(field.required(`${path}.containerName`))
  else if (!ref.resource) errors.push(field.required(`${path}.resource`))
  else if (!RESOURCE_FIELDS.includes(ref.resource) && !HUGE_PAGES.test(ref.resource)) {
    errors.push(field.notSupported(`${path}.resource`, ref.resource, RESOURCE_FIELDS))
  }
  return [...errors, ...validateDivisor(ref.resource ?? '', ref.divisor ?? '0', `${path}.divisor`)]
}

function validateDivisor(resource: string, divisor: string, path: string): FieldError[] {
  if (divisor === '' || divisor === '0') return []
  const bytes = (name: string) => `only divisor's values ${BYTE_DIVISORS.join(', ')} are supported with the ${name}`
  const name = resource.replace(/^(limits|requests)\./, '')
  const [allowed, why] =
    name === 'cpu'
      ? [CPU_DIVISORS, "only divisor's values 1m and 1 are supported with the cpu resource"]
      : name === 'memory'
        ? [BYTE_DIVISORS, bytes('memory resource')]
        : name === 'ephemeral-storage'
          ? [BYTE_DIVISORS, bytes('local ephemeral storage resource')]
          : HUGE_PAGES.test(resource)
            ? [BYTE_DIVISORS, bytes('hugepages resource')]
            : [[divisor], '']
  return allowed.includes(divisor) ? [] : [field.invalid(path, resource, why)]
}

export function validateEnvFrom(sources: readonly EnvFromSource[], path: string): FieldError[] {
  return sources.flatMap((from, i) => {
    const at = `${path}[${i}]`
    const errors: FieldError[] = []
    if (from.prefix) errors.push(...invalidFor(`${at}.prefix`, from.prefix, [envVarNameProblem(from.prefix)]))
    const kinds = (['configMapRef', 'secretRef'] as const).filter((kind) => from[kind])
    for (const kind of kinds) {
      const name = from[kind]?.name ?? ''
      errors.push(...checkRequired(`${at}.${kind}.name`, name))
      if (name) errors.push(...invalidFor(`${at}.${kind}.name`, name, [dnsSubdomainProblem(name)]))
    }
    // These two blame the list, not its element.
    if (kinds.length === 0) errors.push(field.invalid(path, '', 'must specify one of: `configMapRef` or `secretRef`'))
    if (kinds.length > 1) {
      errors.push(field.invalid(path, '', 'may not have more than one field specified at a time'))
    }
    return errors
  })
}
