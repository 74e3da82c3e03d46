import { describe, expect, it } from 'vitest'
import { changeTaints, parseTaints, refuseConflicts } from './taints.ts'

describe('taints', () => {
  it('are read', () => {
    expect(parseTaints(['a=b:NoSchedule', 'c:NoExecute', 'd-', 'e:NoSchedule-'])).toEqual({
      add: [
        { key: 'a', value: 'b', effect: 'NoSchedule' },
        { key: 'c', effect: 'NoExecute' },
      ],
      remove: [
        { key: 'd', effect: '' },
        { key: 'e', effect: 'NoSchedule' },
      ],
    })
  })
  it.each([
    [['a=b'], 'invalid taint spec: a=b'],
    [['a=b:Never'], 'invalid taint effect: Never, unsupported taint effect'],
    [['a:b:c'], 'invalid taint spec: a:b:c'],
    [['a=1:NoSchedule', 'a=2:NoSchedule'], 'duplicated taints'],
  ])('%j is refused', (words, message) => expect(() => parseTaints(words)).toThrow(message))

  it('change those of a node', () => {
    const old = [{ key: 'a', value: '1', effect: 'NoSchedule' }]
    const change = (words: string[], overwrite = false) =>
      changeTaints(old, parseTaints(words), { node: 'n', overwrite })
    expect(change(['b:NoExecute'])).toEqual({
      taints: [{ key: 'b', effect: 'NoExecute' }, ...old],
      operation: 'tainted',
    })
    expect(change(['a-'])).toEqual({ taints: [], operation: 'untainted' })
    expect(change(['a=2:NoSchedule'], true).operation).toBe('modified')
    expect(() => change(['a=2:NoSchedule'])).toThrow('node n already has a taint(s) with same effect(s)')
    expect(() => change(['x-'])).toThrow('taint "x" not found')
    expect(() => refuseConflicts(parseTaints(['a=1:NoSchedule', 'a-']))).toThrow('in the same command: a=')
  })
})
