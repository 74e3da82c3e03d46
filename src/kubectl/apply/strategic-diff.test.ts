import { describe, expect, it } from 'vitest'
import { typeRefOfKind } from '../../api/schema.ts'
import { strategicMerge } from '../../machinery/strategic-merge.ts'
import { threeWayStrategic, twoWayStrategic } from './strategic-diff.ts'

const POD = typeRefOfKind('', 'v1', 'Pod') ?? ''
type Json = Record<string, unknown>

const pod = (containers: Json[], more: Json = {}): Json => ({ spec: { containers, ...more } })
const apply = (original: Json, modified: Json, current: Json) => {
  const patch = threeWayStrategic(POD, { original, modified, current })
  return { patch, result: strategicMerge(POD, current, patch) }
}

describe('three versions', () => {
  it('has nothing to do when what is wanted is there, whatever the server has added', () => {
    const wanted = pod([{ name: 'a', image: 'x' }])
    const current = pod([{ name: 'a', image: 'x', imagePullPolicy: 'Always' }], { dnsPolicy: 'ClusterFirst' })
    expect(apply(wanted, wanted, current).patch).toEqual({})
  })

  it('changes one container and leaves what others have set', () => {
    const before = pod([{ name: 'a', image: 'x' }])
    const after = pod([{ name: 'a', image: 'y' }])
    const current = pod([
      { name: 'a', image: 'x', imagePullPolicy: 'Always' },
      { name: 'sidecar', image: 's' },
    ])
    expect(apply(before, after, current).result).toEqual(
      pod([
        { name: 'a', image: 'y', imagePullPolicy: 'Always' },
        { name: 'sidecar', image: 's' },
      ]),
    )
  })

  it('removes what was applied once and is wanted no more', () => {
    const before = pod(
      [
        {
          name: 'a',
          image: 'x',
          env: [
            { name: 'A', value: '1' },
            { name: 'B', value: '2' },
          ],
        },
      ],
      {
        nodeName: 'n',
      },
    )
    const after = pod([{ name: 'a', image: 'x', env: [{ name: 'B', value: '2' }] }])
    expect(apply(before, after, before).result).toEqual(after)
  })

  it('removes a whole element and keeps the order of the rest', () => {
    const before = pod([
      { name: 'a', image: 'x' },
      { name: 'b', image: 'x' },
      { name: 'c', image: 'x' },
    ])
    const after = pod([
      { name: 'c', image: 'x' },
      { name: 'a', image: 'z' },
    ])
    expect(apply(before, after, before).result).toEqual(after)
  })

  it('lets a volume have one source', () => {
    const before = pod([], { volumes: [{ name: 'v', emptyDir: {} }] })
    const after = pod([], { volumes: [{ name: 'v', hostPath: { path: '/x' } }] })
    expect(apply(before, after, before).result).toEqual(after)
  })

  it('replaces lists that have no keys', () => {
    const before = pod([{ name: 'a', args: ['1', '2'] }])
    const after = pod([{ name: 'a', args: ['2'] }])
    expect(apply(before, after, before).result).toEqual(after)
  })

  it('adds and removes values of lists of texts', () => {
    const finalizers = (list: string[]): Json => ({ metadata: { finalizers: list } })
    const { result } = apply(finalizers(['a', 'b']), finalizers(['b', 'c']), finalizers(['a', 'b', 'server']))
    expect((result.metadata as { finalizers: string[] }).finalizers.toSorted()).toEqual(['b', 'c', 'server'])
  })

  it('refuses elements without their key', () => {
    expect(() => apply({}, pod([{ image: 'x' }]), pod([{ name: 'a' }]))).toThrow(
      'map: {"image":"x"} does not contain declared merge key: name',
    )
  })
})

it('makes of two versions a patch that turns one into the other', () => {
  const before = pod([{ name: 'a', image: 'x', ports: [{ containerPort: 80 }] }], { nodeName: 'n' })
  const after = pod([
    { name: 'a', image: 'y' },
    { name: 'b', image: 'z' },
  ])
  expect(strategicMerge(POD, before, twoWayStrategic(POD, before, after))).toEqual(after)
})
