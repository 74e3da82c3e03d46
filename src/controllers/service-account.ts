// Makes the `default` service account in every namespace.

import { namespaces as namespacesRef, serviceaccounts as serviceAccountsRef } from '../api/generated/resources.ts'
import type { Controller } from '../client/controller.ts'
import { isReason } from '../machinery/errors.ts'
import { isNamespaceTerminating } from './support/values.ts'

const NAME = 'default'

export const serviceAccountController: Controller = {
  name: 'serviceaccount-controller',
  setup(context, queue) {
    const namespaces = context.informers.informer(namespacesRef)
    const accounts = context.informers.informer(serviceAccountsRef)
    namespaces.subscribe({
      add: (ns) => queue.add(ns.metadata.name),
      update: (_old, ns) => queue.add(ns.metadata.name),
    })
    accounts.subscribe({ delete: (sa) => queue.add(sa.metadata.namespace) })
    return {
      workers: 3,
      async reconcile(namespace) {
        const found = namespaces.get(namespace)
        if (!found || found.metadata.deletionTimestamp !== undefined || found.status.phase === 'Terminating') return
        if (accounts.get(`${namespace}/${NAME}`)) return
        try {
          await context.client.create(serviceAccountsRef, { metadata: { namespace, name: NAME } })
        } catch (error) {
          if (isReason(error, 'AlreadyExists') || isNamespaceTerminating(error)) return
          throw error
        }
      },
    }
  },
}
