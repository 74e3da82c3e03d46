// The kubeconfig as `config view` shows it: secrets left out, or files taken in.

import { readFileSync } from 'node:fs'
import { KubectlError } from '../errors.ts'
import type { Kubeconfig } from './kubeconfig.ts'

const OMITTED = 'DATA+OMITTED'
const REDACTED = 'REDACTED'

/** Only what the current context needs. Throws KubectlError when it is not there. */
export function minified(config: Kubeconfig): Kubeconfig {
  const { currentContext } = config
  if (currentContext === '') throw new KubectlError('current-context must exist in order to minify')
  const context = config.contexts.get(currentContext)
  if (!context) throw new KubectlError(`cannot locate context ${currentContext}`)
  const only = <T>(map: Map<string, T>, name: string | undefined, what: string) => {
    if (!name) return new Map<string, T>()
    const entry = map.get(name)
    if (entry === undefined) throw new KubectlError(`cannot locate ${what} ${name}`)
    return new Map([[name, entry]])
  }
  return {
    ...config,
    contexts: new Map([[currentContext, context]]),
    clusters: only(config.clusters, context.cluster, 'cluster'),
    users: only(config.users, context.user, 'user'),
  }
}

/** Keys, certificates and passwords replaced by words. */
export function redacted(config: Kubeconfig): Kubeconfig {
  return {
    ...config,
    clusters: mapped(config.clusters, (c) => replaced(c, { 'certificate-authority-data': OMITTED })),
    users: mapped(config.users, (u) =>
      replaced(u, {
        'client-certificate-data': OMITTED,
        'client-key-data': OMITTED,
        token: REDACTED,
        password: REDACTED,
      }),
    ),
  }
}

/** Certificates and keys in files taken into the kubeconfig itself. */
export function flattened(config: Kubeconfig): Kubeconfig {
  return {
    ...config,
    clusters: mapped(config.clusters, (c) => embedded(c, ['certificate-authority'])),
    users: mapped(config.users, (u) => embedded(u, ['client-certificate', 'client-key'])),
  }
}

function mapped<T>(map: Map<string, T>, change: (value: T) => T): Map<string, T> {
  return new Map([...map].map(([name, value]) => [name, change(value)]))
}

function replaced<T extends Record<string, unknown>>(entry: T, words: Readonly<Record<string, string>>): T {
  const changed = Object.entries(words).filter(([key]) => entry[key])
  return { ...entry, ...Object.fromEntries(changed) }
}

function embedded<T extends Record<string, unknown>>(entry: T, keys: readonly string[]): T {
  const changed: Record<string, unknown> = { ...entry }
  for (const key of keys) {
    const file = entry[key]
    if (typeof file !== 'string' || file === '') continue
    changed[`${key}-data`] = readFileSync(file).toString('base64')
    delete changed[key]
  }
  return changed as T
}
