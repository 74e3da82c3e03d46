// Which requests `kubectl proxy` passes on.
// Model: FilterServer in k8s.io/kubectl/pkg/proxy/proxy_server.go.

import { KubectlError, plainMessage } from '../errors.ts'
import type { ParsedFlags } from '../flags.ts'

export interface ProxyFilter {
  readonly acceptPaths: readonly RegExp[]
  readonly rejectPaths: readonly RegExp[]
  readonly acceptHosts: readonly RegExp[]
  readonly rejectMethods: readonly RegExp[]
}

/** What the flags ask for; undefined lets everything pass. Throws KubectlError. */
export function proxyFilter(flags: Pick<ParsedFlags, 'string' | 'boolean'>): ProxyFilter | undefined {
  if (flags.boolean('disable-filter')) return undefined
  const list = (name: string) => expressions(flags.string(name) ?? '', name)
  return {
    acceptPaths: list('accept-paths'),
    rejectPaths: list('reject-paths'),
    acceptHosts: list('accept-hosts'),
    rejectMethods: list('reject-methods'),
  }
}

function expressions(text: string, flag: string): RegExp[] {
  if (text === '') return []
  return text.split(',').map((part) => {
    try {
      return new RegExp(part)
    } catch (error) {
      throw new KubectlError(
        `invalid regular expression ${JSON.stringify(part)} in --${flag}: ${plainMessage(error)}`,
        {
          cause: error,
        },
      )
    }
  })
}

/** Whether the request may pass. */
export function isAccepted(
  filter: ProxyFilter,
  { method, path, host }: { readonly method: string; readonly path: string; readonly host: string },
): boolean {
  const some = (list: readonly RegExp[], text: string) => list.some((expression) => expression.test(text))
  if (some(filter.rejectPaths, path) || some(filter.rejectMethods, method)) return false
  return some(filter.acceptPaths, path) && some(filter.acceptHosts, host)
}
