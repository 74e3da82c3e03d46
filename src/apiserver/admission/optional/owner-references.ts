// OwnerReferencesPermissionEnforcement: who names an owner must be allowed to delete what is owned, and who makes an
// owner wait must be allowed to set its finalizers.

import type { OwnerReference } from '../../../api/generated/meta-v1.ts'
import { forbidden } from '../../../machinery/errors.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import type { Authorizer } from '../../authorization/authorizer.ts'
import type { Registry } from '../../registry/registry.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts'

export function ownerReferencesPermissionEnforcement(registry: Registry, authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'OwnerReferencesPermissionEnforcement',
    validate(attributes) {
      const { operation, resource, subresource, object, old } = attributes
      if (operation !== 'CREATE' && operation !== 'UPDATE') return undefined
      if (resource.group === '' && resource.resource === 'pods' && subresource === 'status') return undefined
      const owners = (object?.metadata?.ownerReferences ?? []) as OwnerReference[]
      const before = (old?.metadata.ownerReferences ?? []) as readonly OwnerReference[]
      return sameJson(owners, before) ? undefined : check(attributes, owners, before)
    },
  }

  async function check(
    attributes: AdmissionAttributes,
    owners: readonly OwnerReference[],
    before: readonly OwnerReference[],
  ): Promise<void> {
    const { operation, resource, subresource, namespace, name, user, context } = attributes
    const { group, version } = context.version
    const about = { user, path: '', isResource: true }
    const refuse = (why: string) => forbidden(resource, name, why)
    if (operation !== 'CREATE') {
      const asked = {
        ...about,
        verb: 'delete',
        group,
        version,
        resource: resource.resource,
        subresource,
        namespace,
        name,
      }
      const { verdict, reason, error } = await authorizer.authorize(asked)
      if (verdict !== 'allow') {
        throw refuse(`cannot set an ownerRef on a resource you can't delete: ${reason}, ${error ?? '<nil>'}`)
      }
    }
    const waits = new Set(before.filter(({ blockOwnerDeletion }) => blockOwnerDeletion).map(({ uid }) => uid))
    const blocking = owners.filter(({ blockOwnerDeletion, uid }) => blockOwnerDeletion && !waits.has(uid))
    if (blocking.length === 0) return
    const finalizing = { ...about, verb: 'update', subresource: 'finalizers' }
    const anything = { group: '*', version: '*', resource: '*', name: '*', namespace: '' }
    if ((await authorizer.authorize({ ...finalizing, ...anything })).verdict === 'allow') return
    for (const { apiVersion, kind, name: owner } of blocking) {
      const found = ownerKind(apiVersion, kind)
      if (!found) {
        throw refuse(
          `cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion ${apiVersion} Kind ${kind}: no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}`,
        )
      }
      const { verdict, reason, error } = await authorizer.authorize({
        ...{ ...finalizing, ...found.about, name: owner },
        namespace: found.namespaced ? namespace : '',
      })
      if (verdict === 'allow') continue
      throw refuse(
        `cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: ${reason}, ${error ?? '<nil>'}`,
      )
    }
  }

  function ownerKind(apiVersion: string, kind: string) {
    for (const { versions, resource, namespaced } of registry.resources) {
      const served = versions.find((one) => one.apiVersion === apiVersion && one.kind === kind)
      if (served) return { about: { group: served.group, version: served.version, resource }, namespaced }
    }
    return undefined
  }
}
