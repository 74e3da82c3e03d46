// roles, rolebindings, clusterroles, clusterrolebindings.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/rbac/

import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  RoleRef,
  Subject,
} from '../../../api/generated/rbac-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { pathSegmentProblem } from '../../../machinery/names.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { defineResource, type ResourceDefinition } from '../../resource-definition.ts'
import { ageColumn, genericColumns, nameColumn, text } from '../columns/common.ts'
import { checkRequired, checkSubdomain } from '../core/field-checks.ts'
import { validateLabelSelector } from '../core/label-selector-validation.ts'

const GROUP = 'rbac.authorization.k8s.io'
const shared = { group: GROUP, generation: false, nameProblem: pathSegmentProblem, createOnUpdate: true } as const

function validateRules(rules: readonly PolicyRule[] | null | undefined, namespaced: boolean): FieldError[] {
  const errors: FieldError[] = []
  for (const [i, rule] of (rules ?? []).entries()) {
    const at = `rules[${i}]`
    const urls = rule.nonResourceURLs ?? []
    const hasResources = [rule.apiGroups, rule.resources, rule.resourceNames].some((list) => (list ?? []).length > 0)
    if ((rule.verbs ?? []).length === 0)
      errors.push(field.required(`${at}.verbs`, 'verbs must contain at least one value'))
    if (urls.length > 0) {
      if (namespaced)
        errors.push(field.invalid(`${at}.nonResourceURLs`, urls, 'namespaced rules cannot apply to non-resource URLs'))
      if (hasResources) {
        errors.push(
          field.invalid(
            `${at}.nonResourceURLs`,
            urls,
            'rules cannot apply to both regular resources and non-resource URLs',
          ),
        )
      }
      continue
    }
    if ((rule.apiGroups ?? []).length === 0) {
      errors.push(field.required(`${at}.apiGroups`, 'resource rules must supply at least one api group'))
    }
    if ((rule.resources ?? []).length === 0) {
      errors.push(field.required(`${at}.resources`, 'resource rules must supply at least one resource'))
    }
  }
  return errors
}

const roles = defineResource<Role>({
  ...shared,
  resource: 'roles',
  validate: (role) => validateRules(role.rules, true),
  columns: genericColumns,
})

const clusterRoles = defineResource<ClusterRole>({
  ...shared,
  resource: 'clusterroles',
  validate(role, old) {
    const errors = validateRules(role.rules, false)
    const { aggregationRule } = role
    if (!aggregationRule) return errors
    const selectors = aggregationRule.clusterRoleSelectors ?? []
    if (selectors.length === 0) {
      errors.push(
        field.required(
          'aggregationRule.clusterRoleSelectors',
          'at least one clusterRoleSelector required if aggregationRule is non-nil',
        ),
      )
    }
    const before = old?.aggregationRule?.clusterRoleSelectors ?? []
    const anyValue = before.some((selector) => validateLabelSelector(selector, '').length > 0)
    for (const [i, selector] of selectors.entries()) {
      const at = `aggregationRule.clusterRoleSelectors[${i}]`
      errors.push(...validateLabelSelector(selector, at, anyValue))
      if (validateLabelSelector(selector, at).length > 0)
        errors.push(field.invalid(at, null, 'invalid label selector.'))
    }
    return errors
  },
  columns: genericColumns,
})

interface Binding {
  metadata: { namespace?: string; name?: string; creationTimestamp?: string }
  roleRef: RoleRef
  subjects?: Subject[]
}

function defaultBinding(binding: Binding): void {
  if (binding.roleRef) binding.roleRef.apiGroup ||= GROUP
  for (const subject of binding.subjects ?? []) {
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= GROUP
  }
}

function validateBinding(binding: Binding, kinds: readonly string[], namespaced: boolean): FieldError[] {
  const { roleRef } = binding
  const errors: FieldError[] = []
  const apiGroup = roleRef?.apiGroup ?? GROUP
  if (apiGroup !== GROUP) errors.push(field.notSupported('roleRef.apiGroup', apiGroup, [GROUP]))
  if (!kinds.includes(roleRef?.kind ?? '')) errors.push(field.notSupported('roleRef.kind', roleRef?.kind ?? '', kinds))
  if (!roleRef?.name) errors.push(field.required('roleRef.name'))
  else {
    const problem = pathSegmentProblem(roleRef.name)
    if (problem) errors.push(field.invalid('roleRef.name', roleRef.name, problem))
  }
  for (const [i, subject] of (binding.subjects ?? []).entries())
    errors.push(...validateSubject(subject, namespaced, `subjects[${i}]`))
  return errors
}

function validateSubject(subject: Subject, namespaced: boolean, path: string): FieldError[] {
  const { kind, name = '', namespace, apiGroup = '' } = subject
  const errors = checkRequired(`${path}.name`, name)
  switch (kind) {
    case 'ServiceAccount':
      if (name !== '') errors.push(...checkSubdomain(`${path}.name`, name))
      if (apiGroup !== '') errors.push(field.notSupported(`${path}.apiGroup`, apiGroup, ['']))
      // The binding's own namespace is meant where none is said.
      if (!namespaced && !namespace) errors.push(field.required(`${path}.namespace`))
      return errors
    case 'User':
    case 'Group': {
      if (apiGroup !== GROUP) errors.push(field.notSupported(`${path}.apiGroup`, apiGroup, [GROUP]))
      return errors
    }
    default:
      return [...errors, field.notSupported(`${path}.kind`, kind ?? '', ['ServiceAccount', 'User', 'Group'])]
  }
}

function validateBindingUpdate(binding: Binding, old: Binding): FieldError[] {
  return sameJson(binding.roleRef, old.roleRef)
    ? []
    : [field.invalid('roleRef', shownRef(binding.roleRef), 'cannot change roleRef')]
}

const shownRef = ({ apiGroup = '', kind = '', name = '' }: Partial<RoleRef> = {}) => ({
  APIGroup: apiGroup,
  Kind: kind,
  Name: name,
})

const subjectsOf = (kind: string) => (binding: Binding) =>
  (binding.subjects ?? [])
    .filter((s) => s.kind === kind)
    .map((s) => (kind === 'ServiceAccount' ? `${s.namespace ?? ''}/${s.name}` : s.name))
    .join(', ')

const bindingColumns = [
  nameColumn,
  text('Role', (b: Binding) => `${b.roleRef.kind}/${b.roleRef.name}`),
  ageColumn,
  text('Users', subjectsOf('User'), 1),
  text('Groups', subjectsOf('Group'), 1),
  text('ServiceAccounts', subjectsOf('ServiceAccount'), 1),
]

const roleBindings = defineResource<RoleBinding>({
  ...shared,
  resource: 'rolebindings',
  defaults: defaultBinding,
  validate: (binding) => validateBinding(binding, ['Role', 'ClusterRole'], true),
  validateUpdate: validateBindingUpdate,
  columns: bindingColumns,
})

const clusterRoleBindings = defineResource<ClusterRoleBinding>({
  ...shared,
  resource: 'clusterrolebindings',
  defaults: defaultBinding,
  validate: (binding) => validateBinding(binding, ['ClusterRole'], false),
  validateUpdate: validateBindingUpdate,
  columns: bindingColumns,
})

export const rbacDefinitions: readonly ResourceDefinition[] = [roles, clusterRoles, roleBindings, clusterRoleBindings]
