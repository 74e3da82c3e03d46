// Calls webhooks over HTTPS: by URL, or by the cluster address of a service.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#contacting-the-webhook

import { Agent, request } from 'node:https'
import type { Service } from '../../api/generated/core-v1.ts'
import type { Clock } from '../../machinery/clock.ts'
import type { Registry } from '../registry/registry.ts'
import type { CallWebhook } from './convert.ts'

/** Where a service is reached. Rejects when it cannot be. */
export type ResolveService = (service: {
  namespace: string
  name: string
  port: number
}) => Promise<{ host: string; port: number }>

const TIMEOUT_MS = 30_000
const MAX_ANSWER = 64 * 1024 * 1024

/** Services by their cluster addresses, which the node that the server runs on forwards. */
export function clusterAddresses(registry: Registry): ResolveService {
  return async ({ namespace, name, port }) => {
    const service = await registry.lookup<Service>('', 'services', namespace, name)
    if (!service) throw new Error(`service ${JSON.stringify(name)} not found`)
    if (service.spec.type === 'ExternalName') return { host: service.spec.externalName ?? '', port }
    const { clusterIP } = service.spec
    if (!clusterIP || clusterIP === 'None') throw new Error(`service ${JSON.stringify(name)} has no cluster IP`)
    if (!service.spec.ports?.some((candidate) => candidate.port === port)) {
      throw new Error(`no service port ${port} found for service ${JSON.stringify(name)}`)
    }
    return { host: clusterIP, port }
  }
}

/** A caller of webhooks. */
export function webhookCaller(options: { readonly clock: Clock; readonly resolve: ResolveService }): CallWebhook {
  return async ({ url, service, caBundle }, body) => {
    const ca = caBundle ? Buffer.from(caBundle, 'base64') : undefined
    if (url !== undefined) return post(options.clock, { url: new URL(url), shown: url, ca }, body)
    if (!service) throw new Error('webhook has neither url nor service')
    const port = service.port ?? 443
    const path = service.path ? `/${service.path.replace(/^\//, '')}` : '/'
    const name = `${service.name}.${service.namespace}.svc`
    const shown = `https://${name}:${port}${path}?timeout=${TIMEOUT_MS / 1000}s`
    const target = await options.resolve({ namespace: service.namespace, name: service.name, port })
    const host = target.host.includes(':') ? `[${target.host}]` : target.host
    const address = new URL(`https://${host}:${target.port}${path}?timeout=${TIMEOUT_MS / 1000}s`)
    return post(options.clock, { url: address, shown, ca, name: `${name}:${port}`, servername: name }, body)
  }
}

interface Endpoint {
  readonly url: URL
  /** How errors name it. */
  readonly shown: string
  readonly ca: Buffer | undefined
  /** What the certificate must be for, and the Host header, when they are not the address. */
  readonly servername?: string
  readonly name?: string
}

function post(clock: Clock, endpoint: Endpoint, body: object): Promise<unknown> {
  const { url, ca, servername, name } = endpoint
  const failed = (why: string, cause?: unknown) => new Error(`Post "${endpoint.shown}": ${why}`, { cause })
  const agent = new Agent({ keepAlive: false, ...(ca ? { ca } : {}), ...(servername ? { servername } : {}) })
  return new Promise<unknown>((resolve, reject) => {
    const text = JSON.stringify(body)
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json, */*',
      'content-length': Buffer.byteLength(text),
      ...(name ? { host: name } : {}),
    }
    const sent = request(url, { method: 'POST', agent, headers }, (response) => {
      const chunks: Buffer[] = []
      let size = 0
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > MAX_ANSWER) sent.destroy(new Error('the answer is too long'))
        else chunks.push(chunk)
      })
      response.on('error', (error) => reject(failed(error.message, error)))
      response.on('end', () => {
        const code = response.statusCode ?? 0
        const answer = Buffer.concat(chunks).toString()
        if (code < 200 || code > 299) {
          reject(new Error(answer.trim() === '' ? `the server responded with the status code ${code}` : answer.trim()))
          return
        }
        try {
          resolve(JSON.parse(answer))
        } catch (cause) {
          reject(new Error('the answer is not JSON', { cause }))
        }
      })
    })
    const cancel = clock.after(TIMEOUT_MS, () => sent.destroy(new Error('context deadline exceeded')))
    sent.on('close', () => {
      cancel()
      agent.destroy()
    })
    sent.on('error', (error) => reject(failed(error.message, error)))
    sent.end(text)
  })
}
