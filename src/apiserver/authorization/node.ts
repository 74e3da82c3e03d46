// The node authorizer: a kubelet may do what a kubelet does, and read secrets, config maps, claims and service accounts
// only of pods on its node. Spec: https://kubernetes.io/docs/reference/access-authn-authz/node/

import type { Pod } from '../../api/generated/core-v1.ts'
import type { Registry } from '../registry/registry.ts'
import type { UserInfo } from '../user.ts'
import { type AuthorizationAttributes, type Authorizer, type Decision, demanded } from './authorizer.ts'
import { nodeRules } from './node-rules.ts'
import { ruleAllows } from './rbac.ts'

const PREFIX = 'system:node:'
const READS = new Set(['get', 'list', 'watch'])
const ALLOW: Decision = { verdict: 'allow', reason: '' }
const none = (reason: string): Decision => ({ verdict: 'none', reason })

/** The node a user is the kubelet of; undefined for everyone else. */
export function nodeNameOf(user: UserInfo): string | undefined {
  if (!user.groups.includes('system:nodes') || !user.name.startsWith(PREFIX)) return undefined
  return user.name.slice(PREFIX.length) || undefined
}

/** Told how long it took to take over a change of a pod. */
export type GraphObserver = (operation: 'AddPod' | 'DeletePod', seconds: number) => void

export async function createNodeAuthorizer(
  registry: Registry,
  options: { readonly observe?: GraphObserver; readonly now?: () => number } = {},
): Promise<Authorizer> {
  const { observe, now = () => registry.clock.now() } = options
  const pods = await registry.cache(registry.resource('', 'pods'))
  /** Names of pods by node, kept by following the cache. */
  const byNode = new Map<string, Map<string, Pod>>()
  const put = (pod: Pod) => {
    const node = pod.spec.nodeName
    if (!node) return
    const known = byNode.get(node)
    if (known) known.set(pod.metadata.uid, pod)
    else byNode.set(node, new Map([[pod.metadata.uid, pod]]))
  }
  for (const entry of pods.snapshot().entries.values()) put(entry.object as unknown as Pod)
  const remove = (pod: Pod) => {
    const known = byNode.get(pod.spec.nodeName ?? '')
    known?.delete(pod.metadata.uid)
    if (known?.size === 0) byNode.delete(pod.spec.nodeName ?? '')
  }
  pods.follow(pods.revision, ({ type, entry }) => {
    const started = observe ? now() : 0
    const pod = entry.object as unknown as Pod
    if (type === 'DELETED') remove(pod)
    else put(pod)
    observe?.(type === 'DELETED' ? 'DeletePod' : 'AddPod', (now() - started) / 1000)
  })

  /** Whether a pod on the node refers to the object. */
  function related(node: string, a: AuthorizationAttributes): boolean {
    for (const pod of byNode.get(node)?.values() ?? []) {
      if (pod.metadata.namespace === a.namespace && refersTo(pod, a.resource, a.name)) return true
    }
    return false
  }

  function needsRelation(node: string, a: AuthorizationAttributes, verbs: readonly string[]): Decision {
    if (!verbs.includes(a.verb)) return none(`can only read namespaced object of this type`)
    if (a.subresource !== '') return none('cannot read subresource')
    if (a.name === '') return none('No Object name found')
    return related(node, a) ? ALLOW : none(`no relationship found between node ${JSON.stringify(node)} and this object`)
  }

  function ownPods(node: string, a: AuthorizationAttributes): Decision {
    if (a.verb === 'get') {
      for (const pod of byNode.get(node)?.values() ?? []) {
        if (pod.metadata.namespace === a.namespace && pod.metadata.name === a.name) return ownRules(a)
      }
      return none(`no relationship found between node ${JSON.stringify(node)} and this object`)
    }
    return demanded(a.fieldSelector, 'spec.nodeName') === node
      ? ownRules(a)
      : none(`can only list/watch pods with spec.nodeName field selector`)
  }

  return {
    authorize(a) {
      const node = nodeNameOf(a.user)
      if (node === undefined) return none('')
      if (a.isResource) {
        switch (`${a.group}/${a.resource}`) {
          case '/secrets':
          case '/configmaps':
            return needsRelation(node, a, ['get', 'list', 'watch'])
          case '/pods':
            return READS.has(a.verb) ? ownPods(node, a) : ownRules(a)
          case '/nodes':
            return !READS.has(a.verb) || a.name === node ? ownRules(a) : none('node can only read its own Node object')
          case '/persistentvolumeclaims':
            return a.subresource === 'status' ? ownRules(a) : needsRelation(node, a, ['get'])
          case '/serviceaccounts':
            if (a.subresource === 'token' && a.verb === 'create') {
              return related(node, a)
                ? ALLOW
                : none(`no relationship found between node ${JSON.stringify(node)} and this object`)
            }
            return needsRelation(node, a, ['get'])
          case 'coordination.k8s.io/leases':
            if (a.namespace !== 'kube-node-lease')
              return none('can only access leases in the "kube-node-lease" system namespace')
            return a.verb === 'create' || a.name === node
              ? ownRules(a)
              : none('can only access node lease with the same name as the requesting node')
        }
      }
      return ownRules(a)
    },
  }
}

function ownRules(a: AuthorizationAttributes): Decision {
  return nodeRules.some((rule) => ruleAllows(rule, a)) ? ALLOW : none('')
}

function refersTo(pod: Pod, resource: string, name: string): boolean {
  const { spec } = pod
  if (resource === 'serviceaccounts') return spec.serviceAccountName === name
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])]
  const volumes = (spec.volumes ?? []).flatMap((v) => [v, ...(v.projected?.sources ?? [])])
  switch (resource) {
    case 'secrets':
      return (
        (spec.imagePullSecrets ?? []).some((s) => s.name === name) ||
        volumes.some(
          (v) =>
            ('secretName' in (v.secret ?? {})
              ? (v.secret as { secretName?: string }).secretName
              : (v.secret as { name?: string } | undefined)?.name) === name,
        ) ||
        containers.some(
          (c) =>
            (c.envFrom ?? []).some((e) => e.secretRef?.name === name) ||
            (c.env ?? []).some((e) => e.valueFrom?.secretKeyRef?.name === name),
        )
      )
    case 'configmaps':
      return (
        volumes.some((v) => v.configMap?.name === name) ||
        containers.some(
          (c) =>
            (c.envFrom ?? []).some((e) => e.configMapRef?.name === name) ||
            (c.env ?? []).some((e) => e.valueFrom?.configMapKeyRef?.name === name),
        )
      )
    case 'persistentvolumeclaims':
      return (spec.volumes ?? []).some(
        (v) =>
          v.persistentVolumeClaim?.claimName === name || (v.ephemeral && `${pod.metadata.name}-${v.name}` === name),
      )
    default:
      return false
  }
}
