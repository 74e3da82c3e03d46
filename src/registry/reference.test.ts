import { describe, expect, it } from 'vitest'
import { formatReference, parseReference, repositoryCandidates } from './reference.ts'

const DIGEST = `sha256:${'a'.repeat(64)}`

describe('image references', () => {
  it.each([
    ['redis', 'docker.io/library/redis:latest'],
    ['redis:7', 'docker.io/library/redis:7'],
    ['kubeguide/redis-master', 'docker.io/kubeguide/redis-master:latest'],
    ['index.docker.io/redis', 'docker.io/library/redis:latest'],
    ['gcr.io/x/y:1', 'gcr.io/x/y:1'],
    ['localhost/x', 'localhost/x:latest'],
    ['localhost:5000/x/y:1', 'localhost:5000/x/y:1'],
    [`a/b@${DIGEST}`, `docker.io/a/b@${DIGEST}`],
    [`a/b:1@${DIGEST}`, `docker.io/a/b:1@${DIGEST}`],
  ])('%s means %s', (text, full) => {
    expect(formatReference(parseReference(text))).toBe(full)
  })

  it.each([
    ['Redis', 'repository name must be lowercase'],
    ['a//b', 'invalid reference format'],
    ['a:b:c', 'invalid reference format'],
    ['', 'invalid reference format'],
    ['../x', 'invalid reference format'],
  ])('%j is none', (text, why) => {
    expect(() => parseReference(text)).toThrow(why)
  })

  it.each([
    ['library/redis', 'docker.io', ['docker.io/library/redis', 'library/redis', 'redis']],
    ['x/y', 'gcr.io', ['gcr.io/x/y']],
    ['x', 'localhost:5000', ['localhost:5000/x', 'x']],
    ['x/y', undefined, ['x/y', 'docker.io/x/y']],
    ['redis', undefined, ['redis', 'docker.io/library/redis']],
    ['docker.io/library/redis', undefined, ['docker.io/library/redis', 'library/redis', 'redis']],
    ['gcr.io/x/y', undefined, ['gcr.io/x/y']],
  ])('%s of %s is looked for in %j', (name, namespace, expected) => {
    expect(repositoryCandidates(name, namespace)).toEqual(expected)
  })
})
