// NodeRestriction: a kubelet writes only its own Node and Lease, and only pods that run on its node.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction

import type { CertificateSigningRequest } from '../../api/generated/certificates-v1.ts'
import type { Node, PersistentVolumeClaim, Pod } from '../../api/generated/core-v1.ts'
import type { ResourceSlice } from '../../api/generated/resource-v1.ts'
import { readCertificateRequest } from '../../machinery/certificate-request.ts'
import { forbidden, notFound } from '../../machinery/errors.ts'
import { sameJson } from '../../machinery/same-json.ts'
import type { ApiObject, StoredObject } from '../api-object.ts'
import type { Authorizer } from '../authorization/authorizer.ts'
import { nodeIdentityOf } from '../authorization/node.ts'
import { configMapsOf, isMirror, secretsOf } from '../authorization/pod-references.ts'
import type { Registry } from '../registry/registry.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { admitToken } from './node-tokens.ts'

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

export function nodeRestriction(registry: Registry, authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'NodeRestriction',
    admit(attributes) {
      const node = nodeIdentityOf(attributes.user)
      return node === undefined ? undefined : restrict(attributes, node)
    },
  }

  async function restrict(attributes: AdmissionAttributes, node: string): Promise<void> {
    const { resource, name, user, operation } = attributes
    const refuse: Refuse = (why) => {
      throw forbidden(resource, name, why)
    }
    if (operation === 'CONNECT') return
    if (node === '') refuse(`could not determine node from user ${JSON.stringify(user.name)}`)
    switch (`${resource.group}/${resource.resource}`) {
      case '/pods':
        return admitPod(registry, attributes, node, refuse)
      case '/nodes':
        return admitNode(attributes, node, refuse)
      case '/persistentvolumeclaims':
        return admitClaim(attributes, node, refuse)
      case '/serviceaccounts':
        return admitToken(registry, authorizer, attributes, { node, refuse })
      case 'coordination.k8s.io/leases':
        if (attributes.namespace !== LEASE_NAMESPACE) {
          refuse(`can only access leases in the "${LEASE_NAMESPACE}" system namespace`)
        }
        if (name !== node) refuse('can only access node lease with the same name as the requesting node')
        return
      case 'storage.k8s.io/csinodes':
        if (name !== node) refuse('can only access CSINode with the same name as the requesting node')
        return
      case 'resource.k8s.io/resourceslices':
        return admitSlice(attributes, node, refuse)
      case 'certificates.k8s.io/certificatesigningrequests':
        return admitCertificateRequest(attributes, node, refuse)
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
      if (operation === 'CREATE' && pod) return admitMirror(registry, pod, node, refuse)
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
      if (!sameJson(pod?.status.resourceClaimStatuses ?? [], before?.status.resourceClaimStatuses ?? [])) {
        refuse(`node ${quoted} cannot update resource claim statues`)
      }
      if (!sameJson(pod?.status.extendedResourceClaimStatus ?? {}, before?.status.extendedResourceClaimStatus ?? {})) {
        refuse(`node ${quoted} cannot update extended resource claim status`)
      }
      return
    case 'eviction': {
      const evicted = await registry.lookup<Pod>('', 'pods', namespace, name)
      if (!evicted) throw notFound(POD, name)
      if (evicted.spec.nodeName !== node) refuse(`node ${node} can only evict pods with spec.nodeName set to itself`)
      return
    }
    default:
      refuse(`unexpected pod subresource ${JSON.stringify(subresource)}, only 'status' and 'eviction' are allowed`)
  }
}

/** Informers' caches call what they have by the name of one. */
const POD = { group: '', resource: 'pod' }
const NODE = { group: '', resource: 'node' }

/** A kubelet makes pods only as mirrors of what it runs by itself, and these may refer to nothing. */
async function admitMirror(registry: Registry, pod: Pod, node: string, refuse: Refuse): Promise<void> {
  const quoted = JSON.stringify(node)
  if (!isMirror(pod)) {
    refuse(`pod does not have "kubernetes.io/config.mirror" annotation, node ${quoted} can only create mirror pods`)
  }
  if (pod.spec.nodeName !== node) refuse(`node ${quoted} can only create pods with spec.nodeName set to itself`)
  const [owner, ...others] = pod.metadata.ownerReferences ?? []
  if (others.length > 0) refuse(`node ${quoted} can only create pods with a single owner reference set to itself`)
  if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node) {
    refuse(`node ${quoted} can only create pods with an owner reference set to itself`)
  }
  if (!owner?.controller) refuse(`node ${quoted} can only create pods with a controller owner reference set to itself`)
  if (owner?.blockOwnerDeletion) refuse(`node ${quoted} must not set blockOwnerDeletion on an owner reference`)
  const found = await registry.lookup<Node>('', 'nodes', '', node)
  if (!found) throw notFound(NODE, node)
  if (owner?.uid !== found.metadata.uid) {
    refuse(`node ${node} UID mismatch: expected ${owner?.uid} got ${found.metadata.uid}`)
  }
  const referred = apiObjectsOf(pod)
  if (referred) refuse(`node ${quoted} can not create pods that reference ${referred}`)
}

/** Model: HasAPIObjectReference. */
function apiObjectsOf(pod: Pod): string | undefined {
  const { serviceAccountName, resourceClaims = [], volumes = [] } = pod.spec
  if (serviceAccountName) return 'serviceaccounts'
  if (secretsOf(pod).length > 0) return 'secrets'
  if (configMapsOf(pod).length > 0) return 'configmaps'
  if (resourceClaims.length > 0) return 'resourceclaims'
  for (const { csi, glusterfs, persistentVolumeClaim, ephemeral, azureFile, projected } of volumes) {
    if (csi) return 'csidrivers (via CSI volumes)'
    if (glusterfs) return 'endpoints (via glusterFS volumes)'
    if (persistentVolumeClaim) return 'persistentvolumeclaims'
    if (ephemeral) return 'persistentvolumeclaims (via ephemeral volumes)'
    if (azureFile) return 'secrets (via azureFile volumes)'
    for (const { serviceAccountToken, clusterTrustBundle, podCertificate } of projected?.sources ?? []) {
      if (serviceAccountToken) return 'serviceaccounts (via projected volumes)'
      if (clusterTrustBundle) return 'clustertrustbundles'
      if (podCertificate) return 'podcertificates'
    }
  }
  return undefined
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
  const { configSource } = mine.spec
  if (operation === 'CREATE') {
    if (configSource) refuse(`node ${quoted} is not allowed to create pods with a non-nil configSource`)
    if (modified.length > 0) refuse(`node ${quoted} is not allowed to set the following labels: ${modified.join(', ')}`)
    return
  }
  if (!before) return
  if (configSource && !sameJson(configSource, before.spec.configSource)) {
    refuse(`node ${quoted} is not allowed to update configSource to a new non-nil configSource`)
  }
  if (!sameJson(mine.spec.taints ?? [], before.spec.taints ?? [])) {
    refuse(`node ${quoted} is not allowed to modify taints`)
  }
  if (!sameJson(mine.metadata.ownerReferences ?? [], before.metadata.ownerReferences ?? [])) {
    refuse(`node ${quoted} is not allowed to modify ownerReferences`)
  }
  if (modified.length > 0) refuse(`is not allowed to modify labels: ${modified.join(', ')}`)
}

/** Of claims a kubelet tells how large their volumes have become. */
function admitClaim({ operation, subresource, object, old }: AdmissionAttributes, node: string, refuse: Refuse): void {
  if (subresource !== 'status') return refuse('may only update PVC status')
  if (operation !== 'UPDATE') return refuse(`unexpected operation ${JSON.stringify(operation)}`)
  if (sameJson(beyondSize(object), beyondSize(old))) return
  const what = 'status.quantity and status.conditions'
  refuse(`node ${JSON.stringify(node)} is not allowed to update fields other than ${what}`)
}

function beyondSize(object: ApiObject | StoredObject | undefined): object {
  const { metadata, status, ...rest } = (object ?? {}) as unknown as PersistentVolumeClaim
  const { resourceVersion: _v, managedFields: _m, ...kept } = metadata
  const { capacity: _c, conditions: _o, allocatedResources: _a, allocatedResourceStatuses: _s, ...others } = status
  return { ...rest, metadata: kept, status: others }
}

function admitSlice({ operation, object, old }: AdmissionAttributes, node: string, refuse: Refuse): void {
  const nodeOf = (slice: unknown) => (slice as ResourceSlice | undefined)?.spec.nodeName
  if (operation === 'CREATE' && nodeOf(object) !== node) {
    refuse('can only create ResourceSlice with the same NodeName as the requesting node')
  }
  if (operation === 'DELETE' && nodeOf(old) !== node) {
    refuse('can only delete ResourceSlice with the same NodeName as the requesting node')
  }
}

const OWN_SIGNERS = new Set(['kubernetes.io/kubelet-serving', 'kubernetes.io/kube-apiserver-client-kubelet'])

async function admitCertificateRequest(attributes: AdmissionAttributes, node: string, refuse: Refuse): Promise<void> {
  if (attributes.operation !== 'CREATE') return
  const { signerName, request } = (attributes.object as unknown as CertificateSigningRequest).spec
  if (!OWN_SIGNERS.has(signerName)) return
  const { commonName } = await readCertificateRequest(Buffer.from(request, 'base64').toString())
  const wanted = `system:node:${node}`
  if (commonName !== wanted) refuse(`can only create a node CSR with CN=${wanted}`)
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
