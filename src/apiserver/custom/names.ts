// Which names a definition may have, and how its conditions tell. Model: the naming and establishing controllers of
// k8s.io/apiextensions-apiserver.

import type {
  CustomResourceDefinitionCondition as Condition,
  CustomResourceDefinition,
  CustomResourceDefinitionNames as Names,
} from '../../api/generated/apiextensions-v1.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import { bundleProblems } from '../webhook-client-problems.ts'

type Definition = DeepReadonly<CustomResourceDefinition>
type Judged = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>

/** What the names of one definition come to beside those that others of its group have. */
export interface NameVerdict {
  readonly acceptedNames: Names
  readonly namesAccepted: Judged
}

/** Decides about the names of `definition`; `others` are all other definitions. */
export function judgeNames(definition: Definition, others: readonly Definition[]): NameVerdict {
  const peers = others.filter((other) => other.spec.group === definition.spec.group)
  const resources = new Set<string>()
  const kinds = new Set<string>()
  for (const { status } of peers) {
    const names = status.acceptedNames
    for (const name of [names?.plural, names?.singular, ...(names?.shortNames ?? [])]) if (name) resources.add(name)
    for (const name of [names?.kind, names?.listKind]) if (name) kinds.add(name)
  }
  const wanted = definition.spec.names
  const accepted: Partial<Names> = structuredClone(definition.status.acceptedNames ?? {}) as Partial<Names>
  let conflict: Judged | undefined
  const settle = (key: 'plural' | 'singular' | 'kind' | 'listKind', used: ReadonlySet<string>, reason: string) => {
    const name = wanted[key]
    if (name !== undefined && name !== accepted[key] && used.has(name)) conflict = refused(reason, quoted(name))
    else if (name !== undefined) accepted[key] = name
  }
  settle('plural', resources, 'PluralConflict')
  settle('singular', resources, 'SingularConflict')
  const known = new Set(accepted.shortNames ?? [])
  const taken = (wanted.shortNames ?? []).filter((name) => !known.has(name) && resources.has(name))
  if (taken.length > 0) {
    const texts = taken.map(quoted)
    conflict = refused('ShortNamesConflict', texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`)
  } else if (wanted.shortNames) accepted.shortNames = [...wanted.shortNames]
  else delete accepted.shortNames
  settle('kind', kinds, 'KindConflict')
  settle('listKind', kinds, 'ListKindConflict')
  if (wanted.categories) accepted.categories = [...wanted.categories]
  else delete accepted.categories
  return {
    acceptedNames: { ...accepted, plural: accepted.plural ?? '', kind: accepted.kind ?? '' },
    namesAccepted: conflict ?? {
      type: 'NamesAccepted',
      status: 'True',
      reason: 'NoConflicts',
      message: 'no conflicts found',
    },
  }
}

function quoted(name: string): string {
  return `${JSON.stringify(name)} is already in use`
}

function refused(reason: string, message: string): Judged {
  return { type: 'NamesAccepted', status: 'False', reason, message }
}

/** Whether a definition's objects may be served, given what was said of it before. */
export function judgeEstablished(
  { spec, status }: Definition,
  namesAccepted: boolean,
): DeepReadonly<Condition> | Judged {
  const before = (status.conditions ?? []).find((c) => c.type === 'Established')
  const type = 'Established'
  if (before?.status === 'True') return before
  if (!namesAccepted) {
    return before ?? { type, status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' }
  }
  const { caBundle } = spec.conversion?.webhook?.clientConfig ?? {}
  if (caBundle && bundleProblems('', caBundle).length > 0) {
    const message = 'The conversion webhook CABundle is invalid'
    return { type, status: 'False', reason: 'InvalidCABundle', message }
  }
  return { type, status: 'True', reason: 'InitialNamesAccepted', message: 'the initial names have been accepted' }
}

export const APPROVAL = 'api-approved.kubernetes.io'

/** Whether a group is one that only the Kubernetes project may define kinds in. */
export function isProtectedGroup(group: string): boolean {
  return /(^|\.)(k8s|kubernetes)\.io$/.test(group)
}

/** What the approval annotation comes to. Model: GetAPIApprovalState. */
export function approvalOf(annotation: string | undefined): {
  readonly state: 'missing' | 'invalid' | 'bypassed' | 'approved'
  readonly reason: string
} {
  const must = `protected groups must have approval annotation "${APPROVAL}"`
  const see = 'see https://github.com/kubernetes/enhancements/pull/1111'
  if (!annotation) return { state: 'missing', reason: `${must}, ${see}` }
  if (annotation.startsWith('unapproved')) {
    return { state: 'bypassed', reason: `not approved: ${JSON.stringify(annotation)}` }
  }
  if (URL.canParse(annotation)) return { state: 'approved', reason: `approved in ${annotation}` }
  return { state: 'invalid', reason: `${must} with either a URL or a reason starting with "unapproved", ${see}` }
}

const APPROVAL_REASONS = {
  missing: 'MissingAnnotation',
  invalid: 'InvalidAnnotation',
  bypassed: 'UnapprovedAnnotation',
  approved: 'ApprovedAnnotation',
} as const

/** What the approval annotation says about a definition in a protected group; undefined in other groups. */
export function judgeApproval(group: string, annotation: string | undefined): Judged | undefined {
  if (!isProtectedGroup(group)) return undefined
  const { state, reason } = approvalOf(annotation)
  const status = state === 'approved' ? 'True' : 'False'
  const type = 'KubernetesAPIApprovalPolicyConformant'
  return { type, status, reason: APPROVAL_REASONS[state], message: reason }
}

/** Conditions with one of them replaced or added; its time changes when its status does. */
export function withCondition(
  conditions: readonly DeepReadonly<Condition>[],
  judged: Judged,
  now: string,
): DeepReadonly<Condition>[] {
  const before = conditions.find((c) => c.type === judged.type)
  const lastTransitionTime = before?.status === judged.status ? (before.lastTransitionTime ?? now) : now
  const made = { ...judged, lastTransitionTime }
  return before ? conditions.map((c) => (c === before ? made : c)) : [...conditions, made]
}

/** Whether a condition is there and true. */
export function isTrue(definition: Definition, type: string): boolean {
  return (definition.status.conditions ?? []).some((c) => c.type === type && c.status === 'True')
}
