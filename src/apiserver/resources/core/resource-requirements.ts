// Validation of the resources that containers and pods ask for. Wording: k8s.io/kubernetes/pkg/apis/core/validation.

import type { ResourceRequirements } from '../../../api/generated/core-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { dnsLabelProblem, qualifiedNameProblem } from '../../../machinery/names.ts'
import { compareQuantities, formatQuantity, parseQuantity } from '../../../machinery/quantity.ts'
import { COMPUTE, COUNTED, QUOTA_NAMES } from '../policy/quota-names.ts'
import { checkQualifiedName, invalidFor, NON_NEGATIVE } from './field-checks.ts'

const STANDARD = new Set([...QUOTA_NAMES, 'storage'])
const POD_LEVEL = ['cpu', 'hugepages-', 'memory']
const NANO = 1_000_000_000n

const isHugePages = (name: string) => name.startsWith('hugepages-')
export const isNative = (name: string) => !name.includes('/') || name.includes('kubernetes.io/')
export const mayOvercommit = (name: string) => isNative(name) && !isHugePages(name)

/** Whether other makers than Kubernetes own the resource, as `example.com/gpu`. */
export function isExtendedName(name: string): boolean {
  return !isNative(name) && !name.startsWith('requests.') && qualifiedNameProblem(`requests.${name}`) === undefined
}

/** Problems of a resource's name anywhere. */
export function validateResourceName(path: string, name: string): FieldError[] {
  const errors = checkQualifiedName(path, name)
  if (errors.length > 0 || name.includes('/') || STANDARD.has(name)) return errors
  if (isHugePages(name) || name.startsWith('requests.hugepages-')) return errors
  return [field.invalid(path, name, 'must be a standard resource type or fully qualified')]
}

/** Problems of a resource's name in a container. */
export function validateContainerResourceName(path: string, name: string): FieldError[] {
  const errors = validateResourceName(path, name)
  if (!name.includes('/')) {
    if (COMPUTE.includes(name) || isHugePages(name)) return errors
    return [...errors, field.invalid(path, name, 'must be a standard resource for containers')]
  }
  if (isNative(name) || isExtendedName(name)) return errors
  return [...errors, field.invalid(path, name, "doesn't follow extended resource name standard")]
}

function validatePodResourceName(path: string, name: string): FieldError[] {
  const errors = validateResourceName(path, name)
  if (errors.length > 0 || name === 'cpu' || name === 'memory' || isHugePages(name)) return errors
  return [field.notSupported(path, name, POD_LEVEL)]
}

/** An amount as the server writes it. */
export function canonical(value: string): string {
  const quantity = parseQuantity(value)
  return quantity === undefined ? value : formatQuantity(quantity)
}

/** Problems of the amount of a resource. */
export function validateResourceQuantity(path: string, name: string, value: string): FieldError[] {
  const nanos = parseQuantity(value)?.nanos ?? 0n
  const errors: FieldError[] = []
  if (nanos < 0n) errors.push(field.invalid(path, canonical(value), NON_NEGATIVE))
  if ((COUNTED.has(name) || isExtendedName(name)) && nanos % NANO !== 0n) {
    errors.push(field.invalid(path, canonical(value), 'must be an integer'))
  }
  return errors
}

/** Problems of an amount of huge pages: a whole number of them. */
export function validateHugePages(path: string, name: string, value: string): FieldError[] {
  if (!isHugePages(name)) return []
  const size = parseQuantity(name.slice('hugepages-'.length))?.nanos ?? 0n
  const nanos = parseQuantity(value)?.nanos ?? 0n
  if (size > 0n && nanos % size === 0n) return []
  return [field.invalid(path, canonical(value), `${canonical(value)} is not positive integer multiple of ${name}`)]
}

/** Problems of what a container, or with `ofPod` a pod as a whole, asks for. `claims` are those of the pod. */
export function validateRequirements(
  requirements: ResourceRequirements,
  path: string,
  claims: ReadonlySet<string>,
  { ofPod = false, anyHugePages = false }: { readonly ofPod?: boolean; readonly anyHugePages?: boolean } = {},
): FieldError[] {
  const checkHugePages = anyHugePages ? () => [] : validateHugePages
  const nameProblems = ofPod ? validatePodResourceName : validateContainerResourceName
  const { limits = {}, requests = {} } = requirements
  const errors: FieldError[] = []
  for (const [name, value] of Object.entries(limits)) {
    const at = `${path}.limits[${name}]`
    errors.push(
      ...nameProblems(at, name),
      ...validateResourceQuantity(at, name, value),
      ...checkHugePages(at, name, value),
    )
  }
  for (const [name, value] of Object.entries(requests)) {
    const at = `${path}.requests[${name}]`
    errors.push(
      ...nameProblems(at, name),
      ...validateResourceQuantity(at, name, value),
      ...validateAgainstLimit(path, name, value, limits[name]),
      ...checkHugePages(at, name, value),
    )
  }
  const names = [...Object.keys(limits), ...Object.keys(requests)]
  if (names.some(isHugePages) && !names.includes('cpu') && !names.includes('memory')) {
    errors.push(field.forbidden(path, 'HugePages require cpu or memory'))
  }
  return [...errors, ...validateClaims(requirements.claims ?? [], claims, `${path}.claims`)]
}

function validateAgainstLimit(path: string, name: string, value: string, limit: string | undefined): FieldError[] {
  const at = `${path}.requests`
  if (limit === undefined) {
    if (mayOvercommit(name)) return []
    return [field.required(`${path}.limits`, 'Limit must be set for non overcommitable resources')]
  }
  const order = compareQuantities(value, limit)
  const shown = canonical(limit)
  if (order !== 0 && !mayOvercommit(name)) {
    return [field.invalid(at, canonical(value), `must be equal to ${name} limit of ${shown}`)]
  }
  return order > 0
    ? [field.invalid(at, canonical(value), `must be less than or equal to ${name} limit of ${shown}`)]
    : []
}

function validateClaims(
  uses: readonly { name: string; request?: string }[],
  claims: ReadonlySet<string>,
  path: string,
): FieldError[] {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  for (const [i, { name, request }] of uses.entries()) {
    const at = `${path}[${i}]`
    if (!name) {
      errors.push(field.required(at))
      continue
    }
    if (request) errors.push(...invalidFor(`${at}.request`, request, [dnsLabelProblem(request)]))
    const key = request ? `${name}/${request}` : name
    const covered = seen.has(name) || seen.has(key) || (!request && [...seen].some((s) => s.startsWith(`${name}/`)))
    if (covered) errors.push(field.duplicate(at, seen.has(key) ? key : name))
    seen.add(key)
    if (claims.has(name)) continue
    const known = claims.size === 0 ? ' which is empty' : `: ${[...claims].sort().join(', ')}`
    const { message, ...missing } = field.notFound(at, name)
    errors.push({ ...missing, message: `${message}: must be one of the names in pod.spec.resourceClaims${known}` })
  }
  return errors
}
