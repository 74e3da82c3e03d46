// What each action on a resource is over HTTP: its methods, parameters and media types.

import type { ServedResource } from '../../api/schema.ts'

export type Method = 'get' | 'put' | 'post' | 'delete' | 'options' | 'head' | 'patch'

export interface QueryParameter {
  readonly name: string
  readonly type: 'string' | 'boolean' | 'integer'
}

const text = (name: string): QueryParameter => ({ name, type: 'string' })
const flag = (name: string): QueryParameter => ({ name, type: 'boolean' })
const number = (name: string): QueryParameter => ({ name, type: 'integer' })

const LIST_QUERY = [
  flag('allowWatchBookmarks'),
  text('continue'),
  text('fieldSelector'),
  text('labelSelector'),
  number('limit'),
  text('resourceVersion'),
  text('resourceVersionMatch'),
  flag('sendInitialEvents'),
  text('shardSelector'),
  number('timeoutSeconds'),
  flag('watch'),
]
const WRITE_QUERY = [text('dryRun'), text('fieldManager'), text('fieldValidation')]
const DELETE_QUERY = [
  text('dryRun'),
  number('gracePeriodSeconds'),
  flag('ignoreStoreReadErrorWithClusterBreakingPotential'),
  flag('orphanDependents'),
  text('propagationPolicy'),
]

/** One method of an action. */
export interface Rule {
  readonly method: Method
  readonly action: string
  readonly query: readonly QueryParameter[]
  readonly named: boolean
  readonly verb: string
}

/** What each action of the facts is over HTTP. */
const RULES: Readonly<Record<string, readonly Rule[]>> = {
  get: [{ method: 'get', action: 'get', query: [], named: true, verb: 'read' }],
  list: [{ method: 'get', action: 'list', query: LIST_QUERY, named: false, verb: 'list' }],
  post: [{ method: 'post', action: 'post', query: WRITE_QUERY, named: false, verb: 'create' }],
  put: [{ method: 'put', action: 'put', query: WRITE_QUERY, named: true, verb: 'replace' }],
  patch: [{ method: 'patch', action: 'patch', query: [...WRITE_QUERY, flag('force')], named: true, verb: 'patch' }],
  delete: [{ method: 'delete', action: 'delete', query: DELETE_QUERY, named: true, verb: 'delete' }],
  deletecollection: [
    {
      method: 'delete',
      action: 'deletecollection',
      query: [...DELETE_QUERY, ...LIST_QUERY.filter((q) => !/^(allow|watch)/.test(q.name))],
      named: false,
      verb: 'deleteCollection',
    },
  ],
}

/** The rule for what definitions make. Model: builder.go of k8s.io/apiextensions-apiserver. */
export function customRule(rule: Rule): Rule {
  if (rule.action === 'get') return { ...rule, query: [text('resourceVersion')] }
  return rule.action === 'deletecollection' ? { ...rule, query: LIST_QUERY } : rule
}

/** What streams take; the fields of PodExecOptions and its like. Model: AddObjectParams of k8s.io/apiserver. */
const STREAM_QUERIES: Readonly<Record<string, readonly QueryParameter[]>> = {
  attach: [text('container'), flag('stderr'), flag('stdin'), flag('stdout'), flag('tty')],
  exec: [text('command'), text('container'), flag('stderr'), flag('stdin'), flag('stdout'), flag('tty')],
  portforward: [number('ports')],
  proxy: [text('path')],
}
const LOG_QUERY = [
  text('container'),
  flag('follow'),
  flag('insecureSkipTLSVerifyBackend'),
  number('limitBytes'),
  flag('previous'),
  number('sinceSeconds'),
  text('stream'),
  number('tailLines'),
  flag('timestamps'),
]
const PROXIED: readonly Method[] = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch']

/** The methods of an action of a resource; proxies pass on what comes. */
export function rulesOf({ actions, subresource }: ServedResource): readonly Rule[] {
  return actions.flatMap((action): readonly Rule[] => {
    if (action === 'connect') {
      const query = STREAM_QUERIES[subresource] ?? []
      const methods: readonly Method[] = subresource === 'proxy' ? PROXIED : ['get', 'post']
      return methods.map((method) => ({ method, action, query, named: true, verb: `connect${capital(method)}` }))
    }
    const rules = RULES[action] ?? []
    return subresource === 'log' ? rules.map((rule) => ({ ...rule, query: LOG_QUERY })) : rules
  })
}

export const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1)

const CUSTOM_TYPES = ['application/json', 'application/yaml']
export const TYPES = [...CUSTOM_TYPES, 'application/vnd.kubernetes.protobuf']
const STREAMS = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch']
const PATCH_TYPES = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
]
const CUSTOM_PATCH_TYPES = PATCH_TYPES.filter((type) => !type.includes('strategic'))
const ANY = ['*/*']

export function consumedBy({ action }: Rule, custom: boolean): readonly string[] {
  if (action !== 'patch') return custom ? CUSTOM_TYPES : ANY
  return custom ? CUSTOM_PATCH_TYPES : PATCH_TYPES
}

export function producedBy({ action }: Rule, subresource: string, custom: boolean): readonly string[] {
  if (action === 'connect') return ANY
  if (subresource === 'log') return ['text/plain', ...TYPES]
  if (custom) return CUSTOM_TYPES
  return action === 'list' || action.startsWith('watch') ? [...TYPES, ...STREAMS] : TYPES
}

/** What can be watched has two more paths. */
export const WATCHES: readonly Rule[] = [
  { method: 'get', action: 'watchlist', query: LIST_QUERY, named: false, verb: 'watch' },
  { method: 'get', action: 'watch', query: LIST_QUERY, named: true, verb: 'watch' },
]
