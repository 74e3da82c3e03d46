// NamespaceLifecycle: objects are made only in namespaces that exist and are not being deleted; the built-in
// namespaces stay. Spec: https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#namespacelifecycle

import type { Namespace } from '../../api/generated/core-v1.ts'
import { forbidden, internalError, notFound, StatusError } from '../../machinery/errors.ts'
import { quote } from '../../machinery/go/format.ts'
import type { Registry } from '../registry/registry.ts'
import type { AdmissionPlugin } from './admission.ts'

const IMMORTAL = new Set(['default', 'kube-system', 'kube-public'])
const namespaces = { group: '', resource: 'namespaces' }

export function namespaceLifecycle(registry: Registry): AdmissionPlugin {
  return {
    name: 'NamespaceLifecycle',
    async admit({ operation, resource, namespace, name }) {
      const isNamespace = resource.group === '' && resource.resource === 'namespaces'
      if (operation === 'DELETE' && isNamespace && IMMORTAL.has(name)) {
        throw forbidden(namespaces, name, 'this namespace may not be deleted')
      }
      if (operation !== 'CREATE' || !resource.namespaced) return
      // Whoever may ask about permissions does not learn from that which namespaces there are.
      if (resource.resource === 'localsubjectaccessreviews') return
      if (namespace.includes('%')) {
        // Upstream asks its own server for it, and its client refuses the name.
        throw internalError(`invalid resource name ${quote(namespace)}: [may not contain '%']`)
      }
      const found = await registry.lookup<Namespace>('', 'namespaces', '', namespace)
      if (!found) throw notFound(namespaces, namespace)
      if (!found.metadata.deletionTimestamp && found.status.phase !== 'Terminating') return
      const { status } = forbidden(
        resource,
        name,
        `unable to create new content in namespace ${namespace} because it is being terminated`,
      )
      throw new StatusError({
        ...status,
        message: status.message ?? '',
        details: {
          ...status.details,
          causes: [
            {
              reason: 'NamespaceTerminating',
              message: `namespace ${namespace} is being terminated`,
              field: 'metadata.namespace',
            },
          ],
        },
      })
    },
  }
}
