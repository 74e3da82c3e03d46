// What the URL of an issuer may be. Model: validateURL of k8s.io/apiserver/pkg/apis/apiserver/validation.

import { type FieldError, field } from '../../../machinery/errors.ts'

/** Problems of a URL at `path`. `disallowed` are those that are somebody else's. */
export function urlProblems(path: string, url: string, disallowed: readonly string[]): FieldError[] {
  const errors: FieldError[] = []
  const refuse = (why: string) => errors.push(field.invalid(path, url, why))
  if (disallowed.includes(url)) {
    refuse(`URL must not overlap with disallowed issuers: [${[...new Set(disallowed)].sort().join(' ')}]`)
  }
  const wrong = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(url)
  if (wrong) {
    refuse(`parse ${JSON.stringify(url)}: invalid URL escape ${JSON.stringify(wrong[0])}`)
    return errors
  }
  const [, scheme = '', authority = '', , query = '', fragment = ''] =
    /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/.exec(url) ?? []
  if (scheme.toLowerCase() !== 'https') refuse('URL scheme must be https')
  if (authority.includes('@')) refuse('URL must not contain a username or password')
  if (query !== '') refuse('URL must not contain a query')
  if (fragment !== '') refuse('URL must not contain a fragment')
  return errors
}
