// pods/binding: gives a pod its node. Spec: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/binding-v1/

import type { Binding, Pod } from '../../api/generated/core-v1.ts'
import { formatTime } from '../../machinery/clock.ts'
import { badRequest, conflict, field, invalid } from '../../machinery/errors.ts'
import { admitBody } from '../admission/admit-body.ts'
import type { VirtualCreate } from '../api.ts'
import { type ApiObject, copyOf, isRecord, type StoredObject } from '../api-object.ts'
import type { Registry, RequestContext } from '../registry/registry.ts'
import { update } from '../registry/update.ts'

const pods = { group: '', resource: 'pods' }

/** Assigns the pod to `binding.target.name` and marks it scheduled. Throws Conflict when it has a node already. */
export async function bindPod(
  registry: Registry,
  name: string,
  binding: Partial<Binding>,
  context: RequestContext,
): Promise<void> {
  const node = binding.target?.name ?? ''
  if (node === '') {
    throw invalid({ group: '', kind: 'Binding' }, name, [field.required('target.name')])
  }
  if (binding.target?.kind && binding.target.kind !== 'Node') {
    throw invalid({ group: '', kind: 'Binding' }, name, [
      field.notSupported('target.kind', binding.target.kind, ['Node', '<empty>']),
    ])
  }
  const resource = registry.resource('', 'pods')
  await admitBody(registry, { resource, subresource: 'binding', name, body: binding }, context)
  await update(
    registry,
    resource,
    {
      name,
      subresource: 'binding',
      mayCreate: false,
      prepare: () => {},
      admitted: true,
      ownership: 'untouched',
      transform: (current) => {
        const pod = copyOf(current as StoredObject) as unknown as Pod
        if (binding.metadata?.uid && binding.metadata.uid !== pod.metadata.uid) {
          throw conflict(
            pods,
            name,
            `Precondition failed: UID in precondition: ${binding.metadata.uid}, UID in object meta: ${pod.metadata.uid}`,
          )
        }
        if (pod.metadata.deletionTimestamp)
          throw conflict(pods, name, `pod ${name} is being deleted, cannot be assigned to a host`)
        if (pod.spec.nodeName)
          throw conflict(pods, name, `pod ${name} is already assigned to node ${JSON.stringify(pod.spec.nodeName)}`)
        if ((pod.spec.schedulingGates ?? []).length > 0)
          throw badRequest(`pod ${name} has non-empty .spec.schedulingGates`)
        pod.spec.nodeName = node
        if (binding.metadata?.labels) pod.metadata.labels = { ...pod.metadata.labels, ...binding.metadata.labels }
        pod.metadata.annotations = { ...pod.metadata.annotations, ...binding.metadata?.annotations }
        if (Object.keys(pod.metadata.annotations).length === 0) delete pod.metadata.annotations
        const others = (pod.status.conditions ?? []).filter((c) => c.type !== 'PodScheduled')
        pod.status.conditions = [
          ...others,
          { type: 'PodScheduled', status: 'True', lastTransitionTime: formatTime(registry.clock.now()) },
        ]
        pod.metadata.resourceVersion = ''
        return pod as unknown as ApiObject
      },
    },
    context,
  )
}

/** The handler of `bindings`, the older way in: the pod is named in the body. */
export function bindings(registry: Registry): VirtualCreate {
  return async ({ body, context }) => {
    const binding = isRecord(body) ? (body as Partial<Binding>) : {}
    const name = binding.metadata?.name ?? ''
    if (name === '') throw invalid({ group: '', kind: 'Binding' }, name, [field.required('metadata.name')])
    await bindPod(registry, name, binding, context)
    return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }
  }
}
