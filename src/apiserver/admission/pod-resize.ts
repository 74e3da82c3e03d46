// PodResizeValidator: a pod that runs grows only as far as its node can ever give. Spec:
// https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/

import type { Node, Pod } from '../../api/generated/core-v1.ts'
import { forbidden, StatusError } from '../../machinery/errors.ts'
import { compareQuantities, quantityMilli, quantityValue } from '../../machinery/quantity.ts'
import { podRequests } from '../../machinery/quota/pod-resources.ts'
import type { Registry } from '../registry/registry.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'

const OS = 'kubernetes.io/os'

export function podResizeValidator(registry: Registry): AdmissionPlugin {
  return {
    name: 'PodResizeValidator',
    validate(attributes) {
      const { operation, resource, subresource, object, old } = attributes
      if (operation !== 'UPDATE' || subresource !== 'resize') return undefined
      if (resource.group !== '' || resource.resource !== 'pods') return undefined
      const pod = object as unknown as Pod
      if (!pod.spec.nodeName || pod.metadata.generation === old?.metadata.generation) return undefined
      return check(attributes, pod, pod.spec.nodeName)
    },
  }

  async function check({ resource, name }: AdmissionAttributes, pod: Pod, nodeName: string): Promise<void> {
    const node = await registry.lookup<Node>('', 'nodes', '', nodeName)
    if (!node) throw forbidden(resource, name, `node ${JSON.stringify(nodeName)} not found`)
    const refuse = (why: string, reason: string) => {
      const { status, message } = forbidden(resource, name, why)
      return new StatusError({ ...status, message, details: { ...status.details, causes: [{ reason }] } })
    }
    const os = node.metadata.labels?.[OS]
    if (os !== undefined && os !== 'linux') {
      const named = `node ${JSON.stringify(nodeName)} is ${JSON.stringify(os)}`
      throw refuse(`pod resize is only supported on linux nodes, ${named}`, 'UnsupportedPlatform')
    }
    const lacking = lacks(pod, node)
    if (lacking === '') return
    throw refuse(`node didn't have enough allocatable resources: ${lacking}`, 'NodeCapacity')
  }
}

function lacks({ spec }: Pod, { status }: Node): string {
  const requests = podRequests(spec)
  const { allocatable = {} } = status
  const compare = (name: string, shown: (text: string | number) => number) => {
    const [wanted = '0', there = '0'] = [requests[name], allocatable[name]]
    if (compareQuantities(wanted, there) <= 0) return []
    return [`${name}, requested: ${shown(wanted)}, allocatable: ${shown(there)}`]
  }
  return [...compare('cpu', quantityMilli), ...compare('memory', quantityValue)].join('; ')
}
