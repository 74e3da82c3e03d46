// kubectl set subject: adds users, groups and service accounts to role bindings.
// Model: k8s.io/kubectl/pkg/cmd/set/set_subject.go.

import { KubectlError } from '../errors.ts'
import { isObject, type KubeObject } from '../object.ts'

const GROUP = 'rbac.authorization.k8s.io'

export interface Subjects {
  readonly users: readonly string[]
  readonly groups: readonly string[]
  /** `namespace:name` */
  readonly serviceAccounts: readonly string[]
}

/** The binding with the subjects that it lacks. Throws KubectlError for other objects. */
export function withSubjects(object: KubeObject, { users, groups, serviceAccounts }: Subjects): KubeObject {
  if (object.kind !== 'RoleBinding' && object.kind !== 'ClusterRoleBinding') {
    throw new KubectlError('setting subjects is only supported for RoleBinding/ClusterRoleBinding')
  }
  const wanted = [
    ...[...new Set(users)].map((name) => ({ apiGroup: GROUP, kind: 'User', name })),
    ...[...new Set(groups)].map((name) => ({ apiGroup: GROUP, kind: 'Group', name })),
    ...[...new Set(serviceAccounts)].map((text) => {
      const [namespace = '', name = ''] = text.split(':')
      return { kind: 'ServiceAccount', name, namespace: namespace || object.metadata?.namespace || '' }
    }),
  ]
  const old = Array.isArray(object.subjects) ? object.subjects.filter(isObject) : []
  const key = (subject: Record<string, unknown>) => `${subject.kind}/${subject.namespace ?? ''}/${subject.name}`
  const known = new Set(old.map(key))
  return { ...object, subjects: [...old, ...wanted.filter((subject) => !known.has(key(subject)))] }
}

/** Throws KubectlError when the subjects cannot be meant. */
export function checkSubjects({ users, groups, serviceAccounts }: Subjects): void {
  if (users.length + groups.length + serviceAccounts.length === 0) {
    throw new KubectlError('you must specify at least one value of user, group or serviceaccount')
  }
  for (const account of serviceAccounts) {
    const [namespace, name, ...more] = account.split(':')
    if (!name || more.length > 0) throw new KubectlError('serviceaccount must be <namespace>:<name>')
    if (!namespace) {
      throw new KubectlError(
        `serviceaccount must be <namespace>:<name>, but namespace is not specified in ${JSON.stringify(account)}`,
      )
    }
  }
}
