// The media types of patches. Model: PatchResource of k8s.io/apiserver/pkg/endpoints/handlers.

import { unsupportedMediaType } from '../../machinery/errors.ts'
import type { PatchType } from '../registry/patch.ts'

const APPLY = 'application/apply-patch+yaml'
const APPLY_CBOR = 'application/apply-patch+cbor'
const PATCH_TYPES: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
}

/** What a patch is by its content type. Throws UnsupportedMediaType. */
export function patchTypeOf(
  contentType: string | undefined,
  { custom, cbor }: { readonly custom: boolean; readonly cbor: boolean },
): PatchType | 'apply' | 'apply-cbor' {
  const media = (contentType ?? '').split(';')[0]?.trim() ?? ''
  if (media === APPLY) return 'apply'
  if (cbor && media === APPLY_CBOR) return 'apply-cbor'
  const type = Object.hasOwn(PATCH_TYPES, media) ? PATCH_TYPES[media] : undefined
  // Of what is custom nothing is known that a strategy could go by, nor of its scale.
  if (type && !(type === 'strategic' && custom)) return type
  const known = Object.keys(PATCH_TYPES).filter((name) => !custom || PATCH_TYPES[name] !== 'strategic')
  throw unsupportedMediaType([...known, APPLY, ...(cbor ? [APPLY_CBOR] : [])])
}
