import { describe, expect, it } from 'vitest'
import type { Pod } from '../../api/generated/core-v1.ts'
import { containerOf } from './container-of.ts'

const pod = (containers: string[], initContainers: string[] = [], ephemeralContainers: string[] = []): Pod => {
  const of = (names: string[]) => names.map((name) => ({ name, image: 'i' }))
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'n', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: {
      containers: of(containers),
      initContainers: of(initContainers),
      ephemeralContainers: of(ephemeralContainers),
    },
    status: {},
  }
}

describe('containerOf', () => {
  it.each([
    ['the only container', pod(['a']), null, 'a'],
    ['the only container beside an init container', pod(['a'], ['i']), null, 'a'],
    ['the only container beside a debugging one', pod(['a'], [], ['e']), null, 'a'],
    ['a name', pod(['a', 'b']), 'b', 'b'],
    ["an init container's name", pod(['a'], ['i']), 'i', 'i'],
    ["a debugging container's name", pod(['a'], [], ['e']), 'e', 'e'],
  ])('takes %s', (_what, given, wanted, expected) => {
    expect(containerOf(given, wanted)).toBe(expected)
  })

  it('refuses what is not there or not clear', () => {
    expect(() => containerOf(pod(['a']), 'b')).toThrow('container b is not valid for pod p')
    expect(() => containerOf(pod(['a', 'b']), null)).toThrow(
      'a container name must be specified for pod p, choose one of: [a b]',
    )
    expect(() => containerOf(pod(['a', 'b'], ['i', 'j']), null)).toThrow(
      'a container name must be specified for pod p, choose one of: [i j a b]',
    )
  })
})
