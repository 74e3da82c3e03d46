// Image references: host, repository, tag and digest, and under which names of the registry an image may be found.
// Grammar: github.com/distribution/reference.

const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
const HOST = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])'
const DOMAIN = `(?:${HOST}(?:\\.${HOST})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`
const NAME = `(?:${DOMAIN}/)?${COMPONENT}(?:/${COMPONENT})*`
const TAG = '[\\w][\\w.-]{0,127}'
const NAME_PATTERN = new RegExp(`^${NAME}$`)
const TAG_PATTERN = new RegExp(`^${TAG}$`)
const DIGEST_PATTERN = /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/
const REFERENCE_PATTERN = new RegExp(`^(${NAME})(?::(${TAG}))?(?:@(sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128}))?$`)
const MAX_NAME = 255

/** A whole image name, its host always said: `docker.io`, `library/redis`, tag `7`. */
export interface ImageReference {
  readonly host: string
  readonly path: string
  /** Absent only when there is a digest. */
  readonly tag?: string
  readonly digest?: string
}

/** Whether this can be the name of a repository, with or without a host in front. */
export function isRepositoryName(name: string): boolean {
  return name.length <= MAX_NAME && NAME_PATTERN.test(name)
}

/** Whether this can be a tag. */
export function isTag(tag: string): boolean {
  return TAG_PATTERN.test(tag)
}

/** Whether this is a digest of a kind that the registry computes. */
export function isDigest(digest: string): boolean {
  return DIGEST_PATTERN.test(digest)
}

/** Parses `redis`, `kubeguide/redis-master:1`, `gcr.io/x/y@sha256:…`; throws on what is no reference. */
export function parseReference(text: string): ImageReference {
  const match = REFERENCE_PATTERN.exec(text)
  const name = match?.[1]
  if (!match || name === undefined || name.length > MAX_NAME) {
    const upper = REFERENCE_PATTERN.test(text.toLowerCase())
    const why = upper ? 'repository name must be lowercase' : 'invalid reference format'
    throw new Error(`cannot parse image name ${JSON.stringify(text)}: ${why}`)
  }
  const { host, path } = splitHost(name)
  const [, , tag, digest] = match
  if (digest === undefined) return { host, path, tag: tag ?? 'latest' }
  return { host, path, digest, ...(tag === undefined ? {} : { tag }) }
}

/** The name under which an image's repository is kept: `docker.io/library/redis`. */
export function repositoryOf(reference: Pick<ImageReference, 'host' | 'path'>): string {
  return `${reference.host}/${reference.path}`
}

/** The reference in full. */
export function formatReference(reference: ImageReference): string {
  const { tag, digest } = reference
  return `${repositoryOf(reference)}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`
}

/**
 * The repositories to look in for `name`, best first. `namespace` is the host that a mirror request stands for.
 * A name pushed without a host is found under docker.io and the local hosts too.
 */
export function repositoryCandidates(name: string, namespace?: string): string[] {
  if (namespace !== undefined && namespace !== '') {
    const host = canonicalHost(namespace)
    const exact = `${host}/${host === 'docker.io' && !name.includes('/') ? `library/${name}` : name}`
    if (host === 'docker.io') return [...new Set([exact, name, name.replace(/^library\//, '')])]
    return isLocalHost(host) ? [exact, name] : [exact]
  }
  if (hasHost(name)) {
    const { host, path } = splitHost(name)
    return [...new Set([name, ...repositoryCandidates(path, host)])]
  }
  return [...new Set([name, ...repositoryCandidates(name, 'docker.io')])]
}

function splitHost(name: string): { host: string; path: string } {
  if (!hasHost(name)) return { host: 'docker.io', path: name.includes('/') ? name : `library/${name}` }
  const slash = name.indexOf('/')
  const host = canonicalHost(name.slice(0, slash))
  const path = name.slice(slash + 1)
  return { host, path: host === 'docker.io' && !path.includes('/') ? `library/${path}` : path }
}

function hasHost(name: string): boolean {
  const slash = name.indexOf('/')
  if (slash < 0) return false
  const first = name.slice(0, slash)
  return /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase()
}

function canonicalHost(host: string): string {
  return host === 'index.docker.io' || host === 'registry-1.docker.io' ? 'docker.io' : host
}

function isLocalHost(host: string): boolean {
  return /^(localhost|127(?:\.\d+){3}|\[::1\])(:\d+)?$/.test(host)
}
