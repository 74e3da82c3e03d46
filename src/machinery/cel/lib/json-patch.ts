// Keys as JSON pointers write them. Library: k8s.io/apiserver/pkg/cel/library, jsonpatch.

import type { Declaration } from '../functions.ts'

export const JSON_PATCH: readonly Declaration[] = [
  [
    'jsonpatch.escapeKey',
    'string_jsonpatch_escapeKey_string',
    '(string)->string',
    (key: string) => key.replaceAll('~', '~0').replaceAll('/', '~1'),
  ],
]
