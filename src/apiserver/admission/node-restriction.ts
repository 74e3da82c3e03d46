// NodeRestriction: a kubelet writes only its own Node and Lease, and only pods that run on its node.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction

import type { Node, Pod } from '../../api/generated/core-v1.ts'
import { forbidden } from '../../machinery/errors.ts'
import { sameJson } from '../../machinery/same-json.ts'
import { nodeNameOf } from '../authorization/node.ts'
import type { Registry } from '../registry/registry.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'

const MIRROR = 'kubernetes.io/config.mirror'
const LEASE_NAMESPACE = 'kube-node-lease'

const KUBELET_LABELS = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.kubernetes.io/region',
  'failure-domain.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
])
const KUBELET_LABEL_DOMAINS = ['kubelet.kubernetes.io', 'node.kubernetes.io']

export function nodeRestriction(registry: Registry): AdmissionPlugin {
  return {
    name: 'NodeRestriction',
    admit(attributes) {
      const node = nodeNameOf(attributes.user)
      return node === undefined ? undefined : restrict(attributes, node)
    },
  }

  async function restrict(attributes: AdmissionAttributes, node: string): Promise<void> {
    const { resource, name } = attributes
    const refuse = (why: string) => {
      throw forbidden(resource, name, why)
    }
    switch (`${resource.group}/${resource.resource}`) {
      case '/pods':
        return admitPod(registry, attributes, node, refuse)
      case '/nodes':
        return admitNode(attributes, node, refuse)
      case 'coordination.k8s.io/leases':
        if (attributes.namespace !== LEASE_NAMESPACE) {
          refuse(`can only access leases in the "${LEASE_NAMESPACE}" system namespace`)
        }
        if (name !== node) refuse('can only access node lease with the same name as the requesting node')
        return
      case 'storage.k8s.io/csinodes':
        if (name !== node) refuse('can only access CSINode with the same name as the requesting node')
        return
    }
  }
}

type Refuse = (why: string) => void

async function admitPod(
  registry: Registry,
  attributes: AdmissionAttributes,
  node: string,
  refuse: Refuse,
): Promise<void> {
  const { operation, subresource, object, old, namespace, name } = attributes
  const quoted = JSON.stringify(node)
  const pod = object as unknown as Pod | undefined
  const before = old as unknown as Pod | undefined
  switch (subresource) {
    case '':
      if (operation === 'CREATE' && pod) return admitMirror(pod, node, refuse)
      if (operation === 'DELETE') {
        // A pod that is gone already is for the deletion itself to tell.
        if (before && before.spec.nodeName !== node) {
          refuse(`node ${quoted} can only delete pods with spec.nodeName set to itself`)
        }
        return
      }
      return refuse(
        `unexpected operation ${JSON.stringify(operation)}, node ${quoted} can only create and delete mirror pods`,
      )
    case 'status':
      if (before?.spec.nodeName !== node) {
        refuse(`node ${quoted} can only update pod status for pods with spec.nodeName set to itself`)
      }
      if (!sameJson(pod?.metadata.labels ?? {}, before?.metadata.labels ?? {})) {
        refuse(`node ${quoted} cannot update labels through pod status`)
      }
      return
    case 'eviction': {
      const evicted = await registry.lookup<Pod>('', 'pods', namespace, name)
      if (evicted?.spec.nodeName !== node) {
        refuse(`node ${quoted} can only evict pods with spec.nodeName set to itself`)
      }
      return
    }
    default:
      refuse(`unexpected pod subresource ${JSON.stringify(subresource)}, only 'status' and 'eviction' are allowed`)
  }
}

/** A kubelet makes pods only as mirrors of what it runs by itself, and these may refer to nothing. */
function admitMirror(pod: Pod, node: string, refuse: Refuse): void {
  const quoted = JSON.stringify(node)
  if (pod.metadata.annotations?.[MIRROR] === undefined) {
    refuse(`pod does not have ${JSON.stringify(MIRROR)} annotation, node ${quoted} can only create mirror pods`)
  }
  if (pod.spec.nodeName !== node) refuse(`node ${quoted} can only create pods with spec.nodeName set to itself`)
  for (const owner of pod.metadata.ownerReferences ?? []) {
    if (owner.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node) {
      refuse(`node ${quoted} can only create pods with an owner reference set to itself`)
    }
  }
  if (pod.spec.serviceAccountName) refuse(`node ${quoted} can not create pods that reference a service account`)
  for (const volume of pod.spec.volumes ?? []) {
    if (volume.secret) refuse(`node ${quoted} can not create pods that reference secrets`)
    if (volume.configMap) refuse(`node ${quoted} can not create pods that reference configmaps`)
    if (volume.persistentVolumeClaim) refuse(`node ${quoted} can not create pods that reference persistentvolumeclaims`)
    if (volume.projected) refuse(`node ${quoted} can not create pods that reference projected volumes`)
  }
}

function admitNode(attributes: AdmissionAttributes, node: string, refuse: Refuse): void {
  const { operation, name, object, old } = attributes
  const quoted = JSON.stringify(node)
  const mine = object as unknown as Node | undefined
  const before = old as unknown as Node | undefined
  if (name !== node) refuse(`node ${quoted} is not allowed to modify node ${JSON.stringify(name)}`)
  if (!mine) return
  const modified = changedLabels(mine.metadata.labels ?? {}, before?.metadata.labels ?? {}).filter(
    (l) => !isKubeletLabel(l),
  )
  if (operation === 'CREATE') {
    if (modified.length > 0) refuse(`node ${quoted} is not allowed to set the following labels: ${modified.join(', ')}`)
    if ((mine.metadata.ownerReferences ?? []).length > 0) {
      refuse(`node ${quoted} is not allowed to set the following metadata: ownerReferences`)
    }
    return
  }
  if (!before) return
  if (!sameJson(mine.spec.taints ?? [], before.spec.taints ?? [])) {
    refuse(`node ${quoted} is not allowed to modify taints`)
  }
  if (modified.length > 0) refuse(`is not allowed to modify labels: ${modified.join(', ')}`)
  if (!sameJson(mine.metadata.ownerReferences ?? [], before.metadata.ownerReferences ?? [])) {
    refuse(`node ${quoted} is not allowed to modify ownerReferences`)
  }
}

function changedLabels(labels: Record<string, string>, old: Record<string, string>): string[] {
  const names = new Set([...Object.keys(labels), ...Object.keys(old)])
  return [...names].filter((name) => labels[name] !== old[name]).sort()
}

/** Labels outside Kubernetes' own domains are the kubelet's to choose; within them only those it is known to set. */
function isKubeletLabel(label: string): boolean {
  const domain = label.includes('/') ? label.slice(0, label.indexOf('/')) : ''
  const within = (parent: string) => domain === parent || domain.endsWith(`.${parent}`)
  if (within('node-restriction.kubernetes.io')) return false
  if (!within('kubernetes.io') && !within('k8s.io')) return true
  return KUBELET_LABELS.has(label) || KUBELET_LABEL_DOMAINS.some(within)
}
