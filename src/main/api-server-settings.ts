// The API server's flags under upstream's names, and what the files that they name say.
// Spec: https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/

import { readFileSync } from 'node:fs'
import { parseEncryptionConfiguration, type ResourceRule } from '../apiserver/encryption/encryption-configuration.ts'

/** A flag of `up` that the API server heeds. Values are kept for later starts. */
export interface ApiServerFlag {
  readonly name: string
  /** The value is a path; it is kept absolute. */
  readonly file: boolean
  readonly description: string
}

export const apiServerFlags: readonly ApiServerFlag[] = [
  {
    name: 'encryption-provider-config',
    file: true,
    description: 'File that says which resources are stored encrypted, and with which keys ("": none)',
  },
]

export interface ApiServerSettings {
  readonly encryption?: readonly ResourceRule[]
}

/** Reads what flags name. Throws an Error that names the flag, the file and what is wrong. */
export function readApiServerSettings(flags: Readonly<Record<string, string>>): ApiServerSettings {
  const read = <T>(name: string, parse: (text: string) => T): T | undefined => {
    const path = flags[name]
    if (!path) return undefined
    try {
      return parse(readFileSync(path, 'utf8'))
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new Error(`cannot use --${name}=${path}: ${why}`, { cause })
    }
  }
  const encryption = read('encryption-provider-config', parseEncryptionConfiguration)
  return { ...(encryption ? { encryption } : {}) }
}
