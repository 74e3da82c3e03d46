// kubectl create role, clusterrole, rolebinding, clusterrolebinding.

import type { KubectlContext } from '../command.ts'
import { KubectlError } from '../errors.ts'
import type { Flag } from '../flags.ts'
import type { KubeObject } from '../object.ts'
import { parseLabels } from '../write/labels.ts'
import { generator, requireFlags, textFlag } from './generator.ts'

const GROUP = 'rbac.authorization.k8s.io'
const VERBS = new Set([
  '*',
  'get',
  'delete',
  'list',
  'create',
  'update',
  'patch',
  'watch',
  'proxy',
  'deletecollection',
  'use',
  'bind',
  'escalate',
  'impersonate',
])
const URL_VERBS = new Set(['*', 'get', 'put', 'post', 'head', 'options', 'delete', 'patch'])

const ruleFlags: readonly Flag[] = [
  { name: 'verb', type: 'slice', description: 'Verb that applies to the resources contained in the rule' },
  { name: 'resource', type: 'slice', description: 'Resource that the rule applies to' },
  {
    name: 'resource-name',
    type: 'strings',
    description: 'Resource in the white list that the rule applies to, repeat this flag for multiple items',
  },
]

export const role = generator({
  name: 'role',
  usage:
    'NAME --verb=verb --resource=resource.group/subresource [--resource-name=resourcename] [--dry-run=server|client|none] [options]',
  short: 'Create a role with single rule',
  flags: ruleFlags,
  async make({ ctx, name }) {
    const verbs = verbsOf(ctx)
    if (verbs.length === 0) throw new KubectlError('at least one verb must be specified')
    if (ctx.flags.strings('resource').length === 0) throw new KubectlError('at least one resource must be specified')
    return { apiVersion: `${GROUP}/v1`, kind: 'Role', metadata: { name }, rules: await resourceRules(ctx, verbs) }
  },
})

export const clusterrole = generator({
  name: 'clusterrole',
  usage:
    'NAME --verb=verb --resource=resource.group [--resource-name=resourcename] [--dry-run=server|client|none] [options]',
  short: 'Create a cluster role',
  flags: [
    ...ruleFlags,
    { name: 'non-resource-url', type: 'slice', description: 'A partial url that user should have access to.' },
    {
      name: 'aggregation-rule',
      type: 'slice',
      description: 'An aggregation label selector for combining ClusterRoles.',
    },
  ],
  async make({ ctx, name }) {
    const verbs = verbsOf(ctx)
    const urls = ctx.flags.strings('non-resource-url')
    const resources = ctx.flags.strings('resource')
    const aggregation = ctx.flags.strings('aggregation-rule').join(',')
    const head = { apiVersion: `${GROUP}/v1`, kind: 'ClusterRole', metadata: { name } }
    if (aggregation !== '') {
      if (urls.length + verbs.length + resources.length + ctx.flags.strings('resource-name').length > 0) {
        throw new KubectlError(
          'aggregation rule must be specified without nonResourceURLs, verbs, resources or resourceNames',
        )
      }
      const rule = { clusterRoleSelectors: [{ matchLabels: parseLabels(aggregation) }] }
      return { aggregationRule: rule, ...head, rules: null }
    }
    if (verbs.length === 0) throw new KubectlError('at least one verb must be specified')
    if (resources.length === 0 && urls.length === 0) {
      throw new KubectlError('one of resource or nonResourceURL must be specified')
    }
    for (const url of urls) checkUrl(url, verbs)
    const rules: object[] = resources.length > 0 ? await resourceRules(ctx, verbs) : []
    if (urls.length > 0) rules.push({ nonResourceURLs: urls, verbs })
    return { ...head, rules }
  },
})

function checkUrl(url: string, verbs: readonly string[]): void {
  const wrong = verbs.find((verb) => !URL_VERBS.has(verb))
  if (wrong) throw new KubectlError(`invalid verb: '${wrong}' for nonResourceURL`)
  if (url === '*') return
  if (!url.startsWith('/')) throw new KubectlError('nonResourceURL should start with /')
  if (url.slice(0, -1).includes('*')) {
    throw new KubectlError("nonResourceURL only supports wildcard matches when '*' is at the end")
  }
}

function verbsOf({ flags }: KubectlContext): string[] {
  const verbs = [...new Set(flags.strings('verb'))]
  return verbs.includes('*') ? ['*'] : verbs
}

interface Named {
  readonly group: string
  readonly resource: string
  readonly subresource: string
}

async function resourceRules(ctx: KubectlContext, verbs: readonly string[]): Promise<object[]> {
  for (const verb of verbs) if (!VERBS.has(verb)) ctx.err(`Warning: '${verb}' is not a standard resource verb\n`)
  const names = ctx.flags.strings('resource-name')
  const byGroup = new Map<string, string[]>()
  for (const text of new Set(ctx.flags.strings('resource'))) {
    const { group, resource, subresource } = await resolve(ctx, text)
    const full = subresource === '' ? resource : `${resource}/${subresource}`
    byGroup.set(group, [...(byGroup.get(group) ?? []), full])
  }
  return [...byGroup]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([group, resources]) => ({
      apiGroups: [group],
      ...(names.length > 0 ? { resourceNames: names } : {}),
      resources,
      verbs,
    }))
}

async function resolve(ctx: KubectlContext, text: string): Promise<Named> {
  const [typed = '', ...rest] = text.split('/')
  const subresource = rest.join('/')
  if (typed === '' || typed.startsWith('.')) {
    throw new KubectlError('resource must be specified if apiGroup/subresource specified')
  }
  if (typed === '*') return { group: '*', resource: '*', subresource }
  const mapping = await (await ctx.mapper()).mappingFor(typed)
  return { group: mapping.group, resource: mapping.name, subresource }
}

const subjectFlags: readonly Flag[] = [
  {
    name: 'user',
    type: 'strings',
    description: 'Usernames to bind to the role. The flag can be repeated to add multiple users.',
  },
  {
    name: 'group',
    type: 'strings',
    description: 'Groups to bind to the role. The flag can be repeated to add multiple groups.',
  },
  {
    name: 'serviceaccount',
    type: 'strings',
    description:
      'Service accounts to bind to the role, in the format <namespace>:<name>. The flag can be repeated to add multiple service accounts.',
  },
]

export const rolebinding = generator({
  name: 'rolebinding',
  usage:
    'NAME --clusterrole=NAME|--role=NAME [--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname] [--dry-run=server|client|none] [options]',
  short: 'Create a role binding for a particular role or cluster role',
  failure: 'rolebinding:',
  flags: [
    textFlag('clusterrole', 'ClusterRole this RoleBinding should reference'),
    textFlag('role', 'Role this RoleBinding should reference'),
    ...subjectFlags,
  ],
  make({ ctx, name }) {
    const [clusterRole, own] = [ctx.flags.string('clusterrole') ?? '', ctx.flags.string('role') ?? '']
    if ((clusterRole === '') === (own === '')) {
      throw new KubectlError('exactly one of clusterrole or role must be specified')
    }
    const roleRef = own === '' ? { kind: 'ClusterRole', name: clusterRole } : { kind: 'Role', name: own }
    return binding('RoleBinding', name, { apiGroup: GROUP, ...roleRef }, subjectsOf(ctx))
  },
})

export const clusterrolebinding = generator({
  name: 'clusterrolebinding',
  usage:
    'NAME --clusterrole=NAME [--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname] [--dry-run=server|client|none] [options]',
  short: 'Create a cluster role binding for a particular cluster role',
  failure: 'clusterrolebinding:',
  flags: [textFlag('clusterrole', 'ClusterRole this ClusterRoleBinding should reference'), ...subjectFlags],
  make({ ctx, name }) {
    requireFlags(ctx, 'clusterrole')
    const roleRef = { apiGroup: GROUP, kind: 'ClusterRole', name: ctx.flags.string('clusterrole') ?? '' }
    return binding('ClusterRoleBinding', name, roleRef, subjectsOf(ctx))
  },
})

function binding(kind: string, name: string, roleRef: object, subjects: readonly object[]): KubeObject {
  return {
    apiVersion: `${GROUP}/v1`,
    kind,
    metadata: { name },
    roleRef,
    ...(subjects.length > 0 ? { subjects } : {}),
  }
}

function subjectsOf({ flags }: KubectlContext): object[] {
  const named = (kind: string, names: readonly string[]) => names.map((name) => ({ apiGroup: GROUP, kind, name }))
  const accounts = flags.strings('serviceaccount').map((text) => {
    const [namespace = '', name = '', ...more] = text.split(':')
    if (namespace === '' || name === '' || more.length > 0) {
      throw new KubectlError('serviceaccount must be <namespace>:<name>')
    }
    return { kind: 'ServiceAccount', name, namespace }
  })
  return [...named('User', flags.strings('user')), ...named('Group', flags.strings('group')), ...accounts]
}
