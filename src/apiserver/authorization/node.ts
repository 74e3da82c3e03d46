// The node authorizer: a kubelet may do what a kubelet does, and read secrets, config maps, claims and service accounts
// only of pods on its node. Spec: https://kubernetes.io/docs/reference/access-authn-authz/node/

import type { Registry } from '../registry/registry.ts'
import type { UserInfo } from '../user.ts'
import { type AuthorizationAttributes, type Authorizer, type Decision, demanded } from './authorizer.ts'
import { followNodes, type GraphObserver } from './node-graph.ts'
import { nodeRules } from './node-rules.ts'
import { ruleAllows } from './rbac.ts'

export type { GraphObserver } from './node-graph.ts'

const PREFIX = 'system:node:'
const READS = ['get', 'list', 'watch']
const OWN_OBJECT = ['get', 'create', 'update', 'patch', 'delete']
const LEASES = 'kube-node-lease'
const ALLOW: Decision = { verdict: 'allow', reason: '' }
const none = (reason: string): Decision => ({ verdict: 'none', reason })
const NOTHING_SAID = none('')

/** The node a user is the kubelet of: empty when it does not say which, undefined for everyone else. Model: NodeIdentity. */
export function nodeIdentityOf({ groups, name }: UserInfo): string | undefined {
  return name.startsWith(PREFIX) && groups.includes('system:nodes') ? name.slice(PREFIX.length) : undefined
}

type Answer = Decision | Promise<Decision>

export async function createNodeAuthorizer(
  registry: Registry,
  options: { readonly observe?: GraphObserver; readonly now?: () => number } = {},
): Promise<Authorizer> {
  const belongsTo = await followNodes(registry, options)

  function related(node: string, a: AuthorizationAttributes): Answer {
    if (a.name === '') return none('No Object name found')
    const unrelated = none(`no relationship found between node '${node}' and this object`)
    const answer = belongsTo(node, a)
    return answer instanceof Promise ? answer.then((is) => (is ? ALLOW : unrelated)) : answer ? ALLOW : unrelated
  }

  /** What lies in a namespace and is named by pods. */
  function read(node: string, a: AuthorizationAttributes): Answer {
    if (!READS.includes(a.verb)) return none('can only read resources of this type')
    if (a.subresource !== '') return none('cannot read subresource')
    if (a.namespace === '') return none('can only read namespaced object of this type')
    return related(node, a)
  }

  function get(node: string, a: AuthorizationAttributes): Answer {
    if (a.verb !== 'get') return none('can only get individual resources of this type')
    return a.subresource === '' ? related(node, a) : none('cannot get subresource')
  }

  function claim(node: string, a: AuthorizationAttributes): Answer {
    if (a.subresource !== 'status') return get(node, a)
    const changes = a.verb === 'update' || a.verb === 'patch'
    return changes ? related(node, a) : none('can only get/update/patch this type')
  }

  function account(node: string, a: AuthorizationAttributes): Answer {
    if (a.verb === 'get' && a.subresource === '') return read(node, a)
    if (a.verb !== 'create' || a.name === '') return none('can only create tokens for individual service accounts')
    if (a.subresource !== 'token') return none('can only create token subresource of serviceaccount')
    return related(node, a)
  }

  function pod(node: string, a: AuthorizationAttributes): Answer {
    switch (a.subresource) {
      case '':
        if (a.verb === 'get') return get(node, a)
        if (a.verb === 'create' || a.verb === 'delete') return ALLOW
        if (a.verb !== 'list' && a.verb !== 'watch') return NOTHING_SAID
        if (demanded(a.fieldSelector, 'spec.nodeName') === node) return ALLOW
        return a.name === '' ? none('can only list/watch pods with spec.nodeName field selector') : related(node, a)
      case 'status':
        return a.verb === 'update' || a.verb === 'patch' ? ALLOW : NOTHING_SAID
      case 'eviction':
        return a.verb === 'create' ? ALLOW : NOTHING_SAID
      default:
        return NOTHING_SAID
    }
  }

  function slice(node: string, a: AuthorizationAttributes): Answer {
    if (a.subresource !== '') return none('cannot authorize ResourceSlice subresources')
    if (a.verb === 'create') return ALLOW
    if (OWN_OBJECT.includes(a.verb)) return related(node, a)
    if (!['watch', 'list', 'deletecollection'].includes(a.verb)) {
      return none(
        'only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection',
      )
    }
    if (demanded(a.fieldSelector, 'spec.nodeName') === node) return ALLOW
    return none('can only list/watch/deletecollection resourceslices with nodeName field selector')
  }

  function resource(node: string, a: AuthorizationAttributes): Answer {
    switch (`${a.group}/${a.resource}`) {
      case '/secrets':
      case '/configmaps':
        return read(node, a)
      case '/persistentvolumeclaims':
        return claim(node, a)
      case '/persistentvolumes':
      case 'resource.k8s.io/resourceclaims':
      case 'storage.k8s.io/volumeattachments':
        return get(node, a)
      case '/serviceaccounts':
        return account(node, a)
      case 'coordination.k8s.io/leases':
        return lease(node, a)
      case 'storage.k8s.io/csinodes':
        return csiNode(node, a)
      case 'resource.k8s.io/resourceslices':
        return slice(node, a)
      case '/nodes':
        return ownNode(node, a)
      case '/pods':
        return pod(node, a)
      default:
        return nodeRules.some((rule) => ruleAllows(rule, a)) ? ALLOW : NOTHING_SAID
    }
  }

  return {
    authorize(a) {
      const node = nodeIdentityOf(a.user)
      if (node === undefined) return NOTHING_SAID
      if (node === '') return none(`unknown node for user ${JSON.stringify(a.user.name)}`)
      if (a.isResource) return resource(node, a)
      return nodeRules.some((rule) => ruleAllows(rule, a)) ? ALLOW : NOTHING_SAID
    },
  }
}

function lease(node: string, { verb, namespace, name }: AuthorizationAttributes): Decision {
  if (!OWN_OBJECT.includes(verb)) return none('can only get, create, update, patch, or delete a node lease')
  if (namespace !== LEASES) return none(`can only access leases in the "${LEASES}" system namespace`)
  if (verb === 'create' || name === node) return ALLOW
  return none('can only access node lease with the same name as the requesting node')
}

function csiNode(node: string, { verb, subresource, name }: AuthorizationAttributes): Decision {
  if (!OWN_OBJECT.includes(verb)) return none('can only get, create, update, patch, or delete a CSINode')
  if (subresource !== '') return none('cannot authorize CSINode subresources')
  if (verb === 'create' || name === node) return ALLOW
  return none('can only access CSINode with the same name as the requesting node')
}

function ownNode(node: string, { verb, subresource, name }: AuthorizationAttributes): Decision {
  const changes = verb === 'update' || verb === 'patch'
  if (subresource === 'status') return changes ? ALLOW : NOTHING_SAID
  if (subresource !== '') return NOTHING_SAID
  if (changes || verb === 'create') return ALLOW
  if (!READS.includes(verb)) return NOTHING_SAID
  if (name === node) return ALLOW
  if (name === '') return none(`node '${node}' cannot read all nodes, only its own Node object`)
  return none(`node '${node}' cannot read '${name}', only its own Node object`)
}
