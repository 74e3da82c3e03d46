import { describe, expect, it } from 'vitest'
import type { Secret } from '../api/generated/core-v1.ts'
import { imageRepository, normalizeImage } from './image-name.ts'
import { goDuration } from './images.ts'
import { countOutcome, type ProbeCount } from './probes/thresholds.ts'
import { credentialsFor } from './pull-credentials.ts'

describe('image names', () => {
  it.each([
    ['redis', 'redis:latest', 'docker.io/library/redis'],
    ['a/b:1', 'a/b:1', 'docker.io/a/b'],
    ['localhost:5000/x', 'localhost:5000/x:latest', 'localhost:5000/x'],
    [`r.io/x@sha256:${'a'.repeat(64)}`, `r.io/x@sha256:${'a'.repeat(64)}`, 'r.io/x'],
  ])('%s', (image, normal, repository) => {
    expect(normalizeImage(image)).toBe(normal)
    expect(imageRepository(normal)).toBe(repository)
  })

  it.each([
    ['Redis', 'repository name must be lowercase'],
    ['a b', 'invalid reference format'],
    ['', 'invalid reference format'],
  ])('%j is none', (image, why) => {
    expect(() => normalizeImage(image)).toThrow(`couldn't parse image name "${image}": ${why}`)
  })
})

describe('pull secrets', () => {
  const secret = (auths: object): Secret => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's', namespace: 'd', uid: '', resourceVersion: '', creationTimestamp: '' },
    data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') },
  })
  const auth = (pair: string) => ({ auth: Buffer.from(pair).toString('base64') })

  it('match by registry and path, the closest first', () => {
    const found = credentialsFor('r.example.com/team/app:1', [
      secret({
        'https://r.example.com/v1/': auth('a:1'),
        'r.example.com/team': auth('b:2:3'),
        'other.io': auth('c:3'),
      }),
      secret({ '*.example.com': { username: 'd', password: '4' } }),
    ])
    expect(found.map((c) => `${c.username}/${c.password}`)).toEqual(['b/2:3', 'a/1', 'd/4'])
    expect(credentialsFor('redis', [secret({ 'https://index.docker.io/v1/': auth('hub:x') })])).toHaveLength(1)
    expect(credentialsFor('a.b.example.com/x', [secret({ '*.example.com': auth('d:4') })])).toEqual([])
  })
})

describe('durations read as in Go', () => {
  it.each([
    [10_000, '10s'],
    [80_000, '1m20s'],
    [300_000, '5m0s'],
    [852, '852ms'],
    [1234, '1.234s'],
  ])('%d ms is %s', (ms, text) => {
    expect(goDuration(ms)).toBe(text)
  })
})

describe('probe thresholds', () => {
  it('count outcomes in a row', () => {
    const verdicts = []
    let count: ProbeCount = { last: undefined, run: 0 }
    for (const outcome of ['failure', 'failure', 'success', 'failure', 'failure', 'failure'] as const) {
      const next = countOutcome(count, outcome, {})
      count = next.count
      verdicts.push(next.verdict)
    }
    expect(verdicts).toEqual([undefined, undefined, 'success', undefined, undefined, 'failure'])
  })
})
