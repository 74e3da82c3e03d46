import { expect, it } from 'vitest'
import { readArguments } from './arguments.ts'
import { parseManifest, splitJson } from './lenient.ts'
import { objectsIn } from './manifests.ts'

it.each([
  [['pods'], { types: ['pods'], names: [], tuples: [] }],
  [['rc,svc,rc'], { types: ['rc', 'svc'], names: [], tuples: [] }],
  [['pods', 'a', 'b'], { types: ['pods'], names: ['a', 'b'], tuples: [] }],
  [
    ['pod/a', 'svc/b'],
    {
      types: [],
      names: [],
      tuples: [
        { resource: 'pod', name: 'a' },
        { resource: 'svc', name: 'b' },
      ],
    },
  ],
  [
    ['rc,svc', 'x'],
    {
      types: [],
      names: [],
      tuples: [
        { resource: 'rc', name: 'x' },
        { resource: 'svc', name: 'x' },
      ],
    },
  ],
])('reads %j', (words, expected) => {
  expect(readArguments(words)).toEqual(expected)
})

it.each([
  [['pod/a', 'b'], 'there is no need to specify a resource type as a separate argument'],
  [['a/b/c'], 'arguments in resource/name form may not have more than one slash'],
  [['pod/'], 'arguments in resource/name form must have a single resource and name'],
  [['a,b/c'], 'arguments in resource/name form must have a single resource and name'],
])('refuses %j', (words, message) => {
  expect(() => readArguments(words)).toThrow(message)
})

it('reads JSON values one after the other, comments and trailing commas', () => {
  expect(parseManifest('{"a": 1}\n{"b": "}{"}')).toEqual([{ a: 1 }, { b: '}{' }])
  expect(parseManifest('{\n  "a": 1, # one\n  "b": [1, 2,],\n}')).toEqual([{ a: 1, b: [1, 2] }])
  expect(splitJson('{"a": "x # y"}')).toEqual(['{"a": "x # y"}'])
})

it('reads streams of YAML', () => {
  expect(parseManifest('a: yes\n---\n---\nb: 0644\n')).toEqual([{ a: true }, { b: 420 }])
})

const quiet = { warn: () => {} }

it('takes lists apart', async () => {
  const text = 'apiVersion: v1\nkind: PodList\nitems: [{metadata: {name: a}}, {kind: Other, metadata: {name: b}}]'
  expect(await objectsIn(text, 'f.yaml', quiet)).toEqual([
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } },
    { kind: 'Other', metadata: { name: 'b' } },
  ])
})

it('turns versions before v1 into today’s and says so', async () => {
  const warnings: string[] = []
  const text =
    '{"kind": "ReplicationController", "apiVersion": "v1beta3", "metadata": {"name": "x"}, "spec": {"replicas": 1}}'
  const [object] = await objectsIn(text, 'f.json', { warn: (w) => warnings.push(w) })
  expect(object?.apiVersion).toBe('v1')
  expect(warnings).not.toEqual([])
})

it('says where a file is no YAML', async () => {
  await expect(objectsIn('a: [', 'f.yaml', quiet)).rejects.toThrow(
    /^error parsing f.yaml: error converting YAML to JSON: yaml: /,
  )
})
