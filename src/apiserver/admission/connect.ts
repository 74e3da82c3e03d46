// Admission of requests that connect to something: exec, attach, portforward and proxy.

import type { RequestInfo } from '../http/request-info.ts'
import type { Registry } from '../registry/registry.ts'
import type { UserInfo } from '../user.ts'
import { admitRequest } from './admission.ts'

const FLAGS = ['stdin', 'stdout', 'stderr', 'tty']

/** Runs admission with operation CONNECT. Throws what the client is told. */
export async function admitConnect(registry: Registry, info: RequestInfo, user: UserInfo): Promise<void> {
  const served = registry.served(info.group, info.version, info.resource)
  const kind = served?.version.subresources.get(info.subresource)?.kind
  // What is not served is for others to tell.
  if (!served || !kind) return
  const { resource, version } = served
  const namespace = resource.namespaced ? info.namespace : ''
  await admitRequest(registry.admission, {
    operation: 'CONNECT',
    resource,
    subresource: info.subresource,
    namespace,
    name: info.name,
    user,
    dryRun: false,
    context: {
      ...{ user, namespace, version, dryRun: false, fieldManager: '', fieldValidation: 'Ignore' },
      // The answer is the stream of what is connected to.
      warn() {},
    },
    object: { apiVersion: version.apiVersion, kind: kind.kind, metadata: {}, ...connectOptions(info) },
    old: undefined,
  })
}

/** The query of the request as the fields of its options. */
function connectOptions({ subresource, query, rest }: RequestInfo): object {
  if (subresource === 'proxy') return rest === '' ? {} : { path: rest }
  if (subresource === 'portforward') {
    const ports = query.getAll('ports').map(Number)
    return ports.length === 0 ? {} : { ports }
  }
  const given = FLAGS.filter((flag) => ['true', '1'].includes(query.get(flag) ?? ''))
  const container = query.get('container')
  const command = query.getAll('command')
  return {
    ...Object.fromEntries(given.map((flag) => [flag, true])),
    ...(container ? { container } : {}),
    ...(command.length > 0 ? { command } : {}),
  }
}
