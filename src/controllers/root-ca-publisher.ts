// Publishes the cluster's CA certificate as ConfigMap `kube-root-ca.crt` in every namespace.

import { configmaps as configMapsRef, namespaces as namespacesRef } from '../api/generated/resources.ts'
import type { Controller } from '../client/controller.ts'
import { isReason } from '../machinery/errors.ts'
import { isNamespaceTerminating, sameValue } from './support/values.ts'

const NAME = 'kube-root-ca.crt'
const DESCRIPTION = {
  'kubernetes.io/description':
    'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. ' +
    'No other usage is guaranteed across distributions of Kubernetes clusters.',
}

/** Makes the controller; `rootCA` is PEM text. */
export function rootCaPublisher(options: { rootCA: string }): Controller {
  const data = { 'ca.crt': options.rootCA }
  return {
    name: 'root-ca-certificate-publisher-controller',
    setup({ client, informers }, queue) {
      const namespaces = informers.informer(namespacesRef)
      const configMaps = informers.informer(configMapsRef)
      namespaces.subscribe({
        add: (ns) => queue.add(ns.metadata.name),
        update: (_old, ns) => queue.add(ns.metadata.name),
      })
      const wake = (cm: { metadata: { name: string; namespace: string } }) => {
        if (cm.metadata.name === NAME) queue.add(cm.metadata.namespace)
      }
      configMaps.subscribe({ update: (_old, cm) => wake(cm), delete: wake })
      return {
        workers: 3,
        async reconcile(namespace) {
          const found = namespaces.get(namespace)
          if (!found || found.metadata.deletionTimestamp !== undefined || found.status.phase === 'Terminating') return
          const existing = configMaps.get(`${namespace}/${NAME}`)
          if (existing && sameValue(existing.data, data)) return
          try {
            if (existing) {
              const annotations = { ...existing.metadata.annotations, ...DESCRIPTION }
              await client.update(configMapsRef, { ...existing, metadata: { ...existing.metadata, annotations }, data })
            } else {
              await client.create(configMapsRef, {
                metadata: { namespace, name: NAME, annotations: DESCRIPTION },
                data,
              })
            }
          } catch (error) {
            if (isReason(error, 'AlreadyExists') || isReason(error, 'NotFound') || isNamespaceTerminating(error)) return
            throw error
          }
        },
      }
    },
  }
}
