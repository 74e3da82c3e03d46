// Parses image references far enough to validate them, default the tag, and find their registry.
// Grammar: github.com/distribution/reference.

const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
const HOST = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])'
const DOMAIN = `(?:${HOST}(?:\\.${HOST})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`
const REFERENCE = new RegExp(
  `^((?:${DOMAIN}/)?${COMPONENT}(?:/${COMPONENT})*)(?::([\\w][\\w.-]{0,127}))?(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?$`,
)

/** The reference with `:latest` added when it has neither tag nor digest. Throws on what is no reference. */
export function normalizeImage(image: string): string {
  const match = REFERENCE.exec(image)
  if (!match) {
    const upper = REFERENCE.test(image.toLowerCase())
    const why = upper ? 'repository name must be lowercase' : 'invalid reference format'
    throw new Error(`couldn't parse image name "${image}": ${why}`)
  }
  return match[2] || match[3] ? image : `${image}:latest`
}

/** Registry host and repository path: `docker.io/library/redis` for `redis`. */
export function imageRepository(image: string): string {
  const name = image.replace(/@.*$/, '').replace(/:[^/:]*$/, '')
  const slash = name.indexOf('/')
  const first = slash < 0 ? '' : name.slice(0, slash)
  if (slash >= 0 && (first.includes('.') || first.includes(':') || first === 'localhost')) return name
  return `docker.io/${slash < 0 ? 'library/' : ''}${name}`
}
