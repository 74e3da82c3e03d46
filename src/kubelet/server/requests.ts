// What the kubelet's API is asked for: paths, log options, and what each request needs permission for. Pure.

import type { LogOptions } from './read-logs.ts'

export interface ContainerPath {
  readonly namespace: string
  readonly pod: string
  readonly container: string
}

/** `/containerLogs/ns/pod/container`, `/exec/ns/pod/container`, with or without a uid before the container. */
export function containerPath(segments: readonly string[]): ContainerPath | undefined {
  const [, namespace, pod, third, fourth] = segments
  const container = fourth ?? third
  if (!namespace || !pod || !container || segments.length > 5) return undefined
  return { namespace, pod, container }
}

/** The node subresource that a path belongs to, for authorization. */
export function subresourceOf(path: string): string {
  const first = path.split('/')[1] ?? ''
  switch (first) {
    case 'stats':
    case 'metrics':
    case 'healthz':
    case 'configz':
    case 'pods':
      return first
    case 'runningpods':
      return 'pods'
    case 'logs':
      return 'log'
    default:
      return 'proxy'
  }
}

export function verbOf(method: string | undefined): string {
  switch (method) {
    case 'POST':
      return 'create'
    case 'PUT':
      return 'update'
    case 'PATCH':
      return 'patch'
    case 'DELETE':
      return 'delete'
    default:
      return 'get'
  }
}

/** Reads v1.PodLogOptions from a query; throws with the text of the 400 answer. */
export function logQuery(
  query: URLSearchParams,
  now: number,
): Omit<LogOptions, 'path' | 'ended' | 'signal'> & { previous: boolean } {
  const flag = (name: string) => ['true', '1'].includes(query.get(name) ?? '')
  const sinceSeconds = count(query, 'sinceSeconds')
  const sinceTime = query.get('sinceTime')
  const since = sinceTime ? Date.parse(sinceTime) : sinceSeconds === undefined ? undefined : now - sinceSeconds * 1000
  if (Number.isNaN(since)) throw new Error(`unable to parse sinceTime ${JSON.stringify(sinceTime)}`)
  const stream = query.get('stream')?.toLowerCase()
  return {
    follow: flag('follow'),
    previous: flag('previous'),
    timestamps: flag('timestamps'),
    tailLines: query.get('tailLines') === 'all' ? undefined : count(query, 'tailLines'),
    limitBytes: count(query, 'limitBytes'),
    since,
    stream: stream === 'stdout' || stream === 'stderr' ? stream : undefined,
  }
}

function count(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (text === null || text === '') return undefined
  const value = Number(text)
  if (Number.isInteger(value) && value >= 0) return value
  throw new Error(`invalid value ${JSON.stringify(text)} for ${name}: must be greater than or equal to 0`)
}
