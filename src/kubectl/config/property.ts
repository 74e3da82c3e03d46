// Paths into a kubeconfig, as `config set` and `unset` take them: `contexts.dev.namespace`, `users.a.b.token`.
// Model: k8s.io/kubectl/pkg/cmd/config/navigation_step_parser.go.

import { KubectlError } from '../errors.ts'
import type { EntryList } from './edit.ts'

type Kind = 'text' | 'bytes' | 'boolean'

const FIELDS: Readonly<Record<EntryList, Readonly<Record<string, Kind>>>> = {
  clusters: {
    server: 'text',
    'tls-server-name': 'text',
    'insecure-skip-tls-verify': 'boolean',
    'certificate-authority': 'text',
    'certificate-authority-data': 'bytes',
    'proxy-url': 'text',
    'disable-compression': 'boolean',
  },
  contexts: { cluster: 'text', user: 'text', namespace: 'text' },
  users: {
    'client-certificate': 'text',
    'client-certificate-data': 'bytes',
    'client-key': 'text',
    'client-key-data': 'bytes',
    token: 'text',
    tokenFile: 'text',
    as: 'text',
    'as-uid': 'text',
    username: 'text',
    password: 'text',
  },
}

/** What a path names. */
export type Property =
  | { readonly kind: 'current-context' }
  | { readonly kind: 'list'; readonly list: EntryList }
  | { readonly kind: 'entry'; readonly list: EntryList; readonly name: string }
  | { readonly kind: 'field'; readonly list: EntryList; readonly name: string; readonly field: string }

/** Reads a path; names of entries may hold dots. Throws KubectlError. */
export function parseProperty(path: string): Property {
  const [head = '', ...rest] = path.split('.')
  if (head === 'current-context' && rest.length === 0) return { kind: 'current-context' }
  if (head !== 'clusters' && head !== 'contexts' && head !== 'users') {
    throw new KubectlError(`unable to parse ${path} after [] at api.Config`)
  }
  if (rest.length === 0) return { kind: 'list', list: head }
  const at = rest.findIndex((part, i) => i > 0 && part in FIELDS[head])
  if (at < 0) return { kind: 'entry', list: head, name: rest.join('.') }
  if (at !== rest.length - 1) throw new KubectlError(`unable to parse one or more field values of ${path}`)
  return { kind: 'field', list: head, name: rest.slice(0, at).join('.'), field: rest[at] ?? '' }
}

/** The value of a field out of its text. Throws KubectlError. */
export function parseValue(list: EntryList, field: string, text: string, rawBytes: boolean): string | boolean {
  switch (FIELDS[list][field]) {
    case 'boolean':
      if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true
      if (/^(0|f|F|FALSE|false|False)$/.test(text)) return false
      throw new KubectlError(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`)
    case 'bytes':
      if (rawBytes) return Buffer.from(text).toString('base64')
      if (!/^[A-Za-z0-9+/\s]*={0,2}$/.test(text) || text.replace(/\s/g, '').length % 4 !== 0) {
        throw new KubectlError(`error decoding input value: illegal base64 data at input byte 0`)
      }
      return text
    default:
      return text
  }
}
