// Whether a text can name an image.
// Spec: https://github.com/distribution/reference.

const DOMAIN =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?$/
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/
const TAG = /^\w[\w.-]{0,127}$/
const DIGEST = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/

/** `redis`, `gcr.io/x/y:v1`, `localhost:5000/app@sha256:…`. */
export function isImageName(text: string): boolean {
  const [name = '', digest, ...more] = text.split('@')
  if (more.length > 0 || (digest !== undefined && !DIGEST.test(digest))) return false
  const colon = name.lastIndexOf(':')
  const tagged = colon > name.lastIndexOf('/')
  if (tagged && !TAG.test(name.slice(colon + 1))) return false
  const parts = (tagged ? name.slice(0, colon) : name).split('/')
  const [first = '', ...rest] = parts
  const withDomain = parts.length > 1 && DOMAIN.test(first)
  return withDomain ? rest.every((part) => COMPONENT.test(part)) : parts.every((part) => COMPONENT.test(part))
}
