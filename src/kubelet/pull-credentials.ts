// Finds the credentials for an image in the pod's pull secrets. Pure.

import type { Secret } from '../api/generated/core-v1.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { imageRepository } from './image-name.ts'

export interface Credentials {
  readonly username: string
  readonly password: string
  readonly serverAddress: string
}

interface AuthEntry {
  readonly username?: string
  readonly password?: string
  readonly auth?: string
}

/** Credentials whose registry (and path) match the image, the most specific first. */
export function credentialsFor(image: string, secrets: readonly DeepReadonly<Secret>[]): Credentials[] {
  const repository = imageRepository(image)
  const found: { credentials: Credentials; weight: number }[] = []
  for (const secret of secrets) {
    for (const [key, entry] of Object.entries(entriesOf(secret))) {
      const address = stripScheme(key)
      if (!matches(address, repository)) continue
      const credentials = decode(entry, address)
      if (credentials) found.push({ credentials, weight: address.length })
    }
  }
  return found.sort((a, b) => b.weight - a.weight).map((f) => f.credentials)
}

function entriesOf(secret: DeepReadonly<Secret>): Record<string, AuthEntry> {
  const modern = secret.data?.['.dockerconfigjson']
  const legacy = secret.data?.['.dockercfg']
  const text = Buffer.from(modern ?? legacy ?? '', 'base64').toString()
  if (text === '') return {}
  const parsed = JSON.parse(text) as { auths?: Record<string, AuthEntry> } & Record<string, AuthEntry>
  return modern === undefined ? parsed : (parsed.auths ?? {})
}

function decode(entry: AuthEntry, serverAddress: string): Credentials | undefined {
  if (entry.username) return { username: entry.username, password: entry.password ?? '', serverAddress }
  const pair = Buffer.from(entry.auth ?? '', 'base64').toString()
  const colon = pair.indexOf(':')
  if (colon < 0) return undefined
  return { username: pair.slice(0, colon), password: pair.slice(colon + 1), serverAddress }
}

function stripScheme(address: string): string {
  const bare = address.replace(/^https?:\/\//, '').replace(/\/(v1|v2)?\/?$/, '')
  return bare === 'index.docker.io' ? 'docker.io' : bare
}

/** `*.example.com/team` covers `a.example.com/team/app`: hosts by label, paths by prefix. */
function matches(address: string, repository: string): boolean {
  const [host = '', ...path] = address.split('/')
  const [imageHost = '', ...imagePath] = repository.split('/')
  const labels = host.split('.')
  const imageLabels = imageHost.split('.')
  if (labels.length !== imageLabels.length) return false
  const glob = (pattern: string, text: string) =>
    new RegExp(
      `^${pattern
        .replace(/[.+^${}()|[\]\\]/g, '\\$&')
        .replaceAll('*', '.*')
        .replaceAll('?', '.')}$`,
    ).test(text)
  if (!labels.every((label, i) => glob(label, imageLabels[i] ?? ''))) return false
  return imagePath.join('/').startsWith(path.join('/'))
}
