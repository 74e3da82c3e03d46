// PodTopologyLabels: a pod is labelled with the zone and the region of its node when it is bound to it.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#podtopologylabels

import type { Node, Pod } from '../../api/generated/core-v1.ts'
import type { ApiObject } from '../api-object.ts'
import type { Registry } from '../registry/registry.ts'
import type { AdmissionPlugin } from './admission.ts'

const KEYS = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region']

export function podTopologyLabels(registry: Registry): AdmissionPlugin {
  return {
    name: 'PodTopologyLabels',
    admit({ operation, resource, subresource, object }) {
      if (operation !== 'CREATE' || resource.group !== '' || resource.resource !== 'pods' || !object) return
      const nodeName =
        subresource === 'binding'
          ? (object as { target?: { name?: string } }).target?.name
          : subresource === ''
            ? (object as unknown as Pod).spec.nodeName
            : undefined
      return nodeName ? label(object, nodeName) : undefined
    },
  }

  async function label(object: ApiObject, nodeName: string): Promise<void> {
    const node = await registry.lookup<Node>('', 'nodes', '', nodeName)
    const found = KEYS.flatMap((key) => {
      const value = node?.metadata.labels?.[key]
      return value === undefined ? [] : [[key, value] as const]
    })
    if (found.length === 0) return
    object.metadata = { ...object.metadata, labels: { ...object.metadata?.labels, ...Object.fromEntries(found) } }
  }
}
