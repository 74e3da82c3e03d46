// pods/binding: gives a pod its node. Spec: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/binding-v1/

import type { Binding, Pod } from '../../api/generated/core-v1.ts'
import { formatTime } from '../../machinery/clock.ts'
import { badRequest, conflict, type FieldError, field, serverProblem } from '../../machinery/errors.ts'
import { quote } from '../../machinery/go/format.ts'
import { admitBody } from '../admission/admit-body.ts'
import type { VirtualCreate } from '../api.ts'
import { type ApiObject, copyOf, isRecord, type StoredObject } from '../api-object.ts'
import { decodeBody } from '../registry/decode-body.ts'
import type { Registry, RequestContext } from '../registry/registry.ts'
import { keyOf, type ServedVersion } from '../registry/resource.ts'
import { update, wrongState } from '../registry/update.ts'
import { withCondition } from './pod-condition.ts'

const pods = { group: '', resource: 'pods' }

const KIND: ServedVersion = {
  ...{ group: '', version: 'v1', kind: 'Binding', apiVersion: 'v1', typeRef: 'io.k8s.api.core.v1.Binding' },
  verbs: [],
  subresources: new Map(),
}

/** What is wrong with a binding, which upstream does not say as it says it of objects. Model: ValidatePodBinding. */
function checkTarget({ target }: Partial<Binding>): void {
  const kind = target?.kind ?? ''
  const errors: FieldError[] = []
  if (kind !== '' && kind !== 'Node') errors.push(field.notSupported('target.kind', kind, ['Node', '<empty>']))
  if (!target?.name) errors.push(field.required('target.name'))
  const texts = errors.map(({ path, message }) => `${path}: ${message}`)
  if (texts.length > 0) throw serverProblem(texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`)
}

/**
 * Assigns the pod to the target of the binding in `body` and marks it scheduled. Throws BadRequest, Conflict when it has a
 * node already. Model: BindingREST of pkg/registry/core/pod/storage.
 */
export async function bindPod(registry: Registry, name: string, body: unknown, context: RequestContext): Promise<void> {
  const binding = decodeBody(body, KIND, { ...context, version: KIND }) as Partial<Binding>
  if ((binding.metadata?.name ?? '') !== name) throw badRequest('name in URL does not match name in Binding object')
  checkTarget(binding)
  if (name === '') throw badRequest('Name parameter required.')
  const node = binding.target?.name ?? ''
  const resource = registry.resource('', 'pods')
  await admitBody(registry, { resource, subresource: 'binding', name, body: binding }, context)
  const unassignable = (why: string) => conflict({ group: '', resource: 'pods/binding' }, name, why)
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
        checkIsMeant(pod, binding, keyOf(resource, context.namespace, name))
        if (pod.metadata.deletionTimestamp)
          throw unassignable(`pod ${name} is being deleted, cannot be assigned to a host`)
        if (pod.spec.nodeName) throw unassignable(`pod ${name} is already assigned to node ${quote(pod.spec.nodeName)}`)
        if ((pod.spec.schedulingGates ?? []).length > 0)
          throw unassignable(`pod ${name} has non-empty .spec.schedulingGates`)
        pod.spec.nodeName = node
        if (binding.metadata?.labels) pod.metadata.labels = { ...pod.metadata.labels, ...binding.metadata.labels }
        pod.metadata.annotations = { ...pod.metadata.annotations, ...binding.metadata?.annotations }
        if (Object.keys(pod.metadata.annotations).length === 0) delete pod.metadata.annotations
        delete pod.status.nominatedNodeName
        const scheduled = { type: 'PodScheduled', status: 'True' } as const
        pod.status = withCondition(pod.status, scheduled, formatTime(registry.clock.now()))
        pod.metadata.resourceVersion = ''
        return pod as unknown as ApiObject
      },
    },
    context,
  )
}

/** Throws Conflict when the binding is about another pod, or another state of it. */
function checkIsMeant({ metadata }: Pod, binding: Partial<Binding>, key: string): void {
  const { uid, resourceVersion } = binding.metadata ?? {}
  const refuse = (what: string, wanted: string, is: string) => {
    const problem = `Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${is}`
    return conflict(pods, metadata.name, wrongState(key, problem))
  }
  if (uid && uid !== metadata.uid) throw refuse('UID', uid, metadata.uid)
  if (resourceVersion && resourceVersion !== metadata.resourceVersion) {
    throw refuse('ResourceVersion', resourceVersion, metadata.resourceVersion)
  }
}

/** The handler of `bindings`, the older way in: the pod is named in the body. */
export function bindings(registry: Registry): VirtualCreate {
  return async ({ body, context }) => {
    const { metadata } = isRecord(body) ? (body as Partial<Binding>) : {}
    await bindPod(registry, metadata?.name ?? '', body, context)
    return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }
  }
}
