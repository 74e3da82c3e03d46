// The hash that --append-hash and kustomize put behind the name of a config map or secret.
// Model: k8s.io/kubectl/pkg/util/hash.

import { createHash } from 'node:crypto'
import type { KubeObject } from '../object.ts'
import { toCompactJson } from '../printers/json.ts'

const LENGTH = 10
const REPLACEMENTS: Readonly<Record<string, string>> = { 0: 'g', 1: 'h', 3: 'k', a: 'm', e: 't' }

/** Ten letters and digits that stand for the content. */
export function contentHash(object: KubeObject): string {
  const { kind = '', metadata, data, binaryData, stringData, type, immutable } = object
  const content = {
    kind,
    name: metadata?.name ?? '',
    data: data ?? (kind === 'Secret' ? null : ''),
    ...(kind === 'Secret' ? { type: type ?? '' } : {}),
    ...(binaryData === undefined ? {} : { binaryData }),
    ...(stringData === undefined ? {} : { stringData }),
    ...(immutable === undefined ? {} : { immutable }),
  }
  const hex = createHash('sha256').update(toCompactJson(content)).digest('hex')
  return [...hex.slice(0, LENGTH)].map((c) => REPLACEMENTS[c] ?? c).join('')
}

/** The object with the hash behind its name. */
export function withHashedName(object: KubeObject): KubeObject {
  return { ...object, metadata: { ...object.metadata, name: `${object.metadata?.name}-${contentHash(object)}` } }
}
