// NamespaceAutoProvision and NamespaceExists: a namespace is made when it is needed, or has to be there.

import type { Namespace } from '../../../api/generated/core-v1.ts'
import { forbidden, isReason, notFound } from '../../../machinery/errors.ts'
import { create } from '../../registry/create.ts'
import type { Registry } from '../../registry/registry.ts'
import { MASTERS_GROUP } from '../../user.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts'

const ACTOR = { name: 'system:apiserver', groups: [MASTERS_GROUP] }
const NAMESPACES = { group: '', resource: 'namespaces' }

const isInNamespace = ({ namespace, resource }: AdmissionAttributes) =>
  namespace !== '' && !(resource.group === '' && resource.resource === 'namespaces')

export function namespaceAutoProvision(registry: Registry): AdmissionPlugin {
  return {
    name: 'NamespaceAutoProvision',
    admit(attributes) {
      if (attributes.operation !== 'CREATE' || attributes.dryRun || !isInNamespace(attributes)) return undefined
      return provide(attributes)
    },
  }

  async function provide({ resource, namespace, name, context }: AdmissionAttributes): Promise<void> {
    if (await registry.lookup<Namespace>('', 'namespaces', '', namespace)) return
    const kind = registry.resource('', 'namespaces')
    try {
      await create(
        registry,
        kind,
        { metadata: { name: namespace } },
        {
          ...{ user: ACTOR, namespace: '', version: kind.storage, dryRun: false },
          ...{ fieldManager: 'kube-apiserver', fieldValidation: 'Ignore', warn: context.warn },
        },
      )
    } catch (error) {
      if (isReason(error, 'AlreadyExists')) return
      throw forbidden(resource, name, error instanceof Error ? error.message : String(error))
    }
  }
}

const CHECKED = new Set(['CREATE', 'UPDATE', 'DELETE'])

export function namespaceExists(registry: Registry): AdmissionPlugin {
  return {
    name: 'NamespaceExists',
    validate(attributes) {
      return CHECKED.has(attributes.operation) && isInNamespace(attributes) ? check(attributes.namespace) : undefined
    },
  }

  async function check(name: string): Promise<void> {
    if (!(await registry.lookup<Namespace>('', 'namespaces', '', name))) throw notFound(NAMESPACES, name)
  }
}
