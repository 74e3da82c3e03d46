// Which fields a body has that its type has not, and which it names twice, and in what order that is told.
// Rules: strict decoding of sigs.k8s.io/json and of pkg/runtime/serializer/json of k8s.io/apimachinery. A case names what it is about.

import { describe, expect, it } from 'vitest'
import { call, type Kind, patched, type Type } from './patches/support.ts'

const MAPS = '/api/v1/namespaces/default/configmaps'
const PODS = '/api/v1/namespaces/default/pods'
const JSON_TYPE = 'application/json'
const YAML = 'application/yaml'

const unknown = (path: string) => `unknown field "${path}"`
const twice = (path: string) => `duplicate field "${path}"`

describe('objects that are sent', () => {
  const NAME = '"metadata":{"name":"a"}'
  const cases: readonly [about: string, path: string, text: string, problems: readonly string[], type?: string][] = [
    ['what is said first', MAPS, `{${NAME},"data":{"a":"1","a":"2"},"dat":1}`, [twice('data.a'), unknown('dat')]],
    ['what is said first', MAPS, `{${NAME},"dat":1,"data":{"a":"1","a":"2"}}`, [unknown('dat'), twice('data.a')]],
    [
      'several',
      MAPS,
      `{"b":1,${NAME},"a":1,"data":{"b":"1","b":"2","a":"1","a":"2"},"c":1}`,
      [unknown('b'), unknown('a'), twice('data.b'), twice('data.a'), unknown('c')],
    ],
    ['unknown and twice', MAPS, `{${NAME},"dat":1,"dat":2}`, [unknown('dat')]],
    ['twice in what is unknown', MAPS, `{${NAME},"dat":{"a":1,"a":2,"b":[{"c":1,"c":1}]}}`, [unknown('dat')]],
    ['thrice', MAPS, `{${NAME},"data":{"a":"1","a":"2","a":"3"}}`, [twice('data.a')]],
    ['a whole map twice', MAPS, `{${NAME},"data":{"a":"1"},"data":{"b":"2"}}`, [twice('data')]],
    [
      'metadata',
      MAPS,
      '{"metadata":{"nam":1,"name":"a","labels":{"x":"1","x":"1"},"foo":2},"kin":1}',
      [unknown('metadata.nam'), twice('metadata.labels.x'), unknown('metadata.foo'), unknown('kin')],
    ],
    [
      'lists',
      PODS,
      `{${NAME},"spec":{"foo":1,"containers":[{"name":"a","image":"a","image":"a","x":1},{"y":1,"name":"b","image":"a","ports":[{"z":1,"containerPort":1,"containerPort":1}]}]},"z":1}`,
      [
        unknown('spec.foo'),
        twice('spec.containers[0].image'),
        unknown('spec.containers[0].x'),
        unknown('spec.containers[1].y'),
        unknown('spec.containers[1].ports[0].z'),
        twice('spec.containers[1].ports[0].containerPort'),
        unknown('z'),
      ],
    ],
    [
      'YAML is sorted',
      MAPS,
      'z: 1\nmetadata: {name: a, foo: 1, bar: 1}\na: 1\nB: 1\n',
      [unknown('B'), unknown('a'), unknown('metadata.bar'), unknown('metadata.foo'), unknown('z')],
      YAML,
    ],
    [
      'YAML says it first',
      MAPS,
      'z: 1\nmetadata: {name: a}\ndata: {a: "1"}\nz: 2\n',
      ['line 4: key "z" already set in map', unknown('z')],
      YAML,
    ],
    [
      'YAML, several',
      MAPS,
      'metadata: {name: a}\ndata:\n  a: "1"\n  b: "1"\n  a: "2"\n  b: "2"\ndata: {}\n',
      [
        'line 5: key "a" already set in map',
        'line 6: key "b" already set in map',
        'line 7: key "data" already set in map',
      ],
      YAML,
    ],
    [
      'YAML, in flow',
      MAPS,
      'metadata: {name: a}\ndata: {a: "1", a: "2"}\n',
      ['line 2: key "a" already set in map'],
      YAML,
    ],
  ]
  it.each(cases)('%s: %s %s', async (_, path, text, problems, type = JSON_TYPE) => {
    const warned = await call('POST', `${path}?dryRun=All&fieldValidation=Warn`, text, type)
    expect([warned.code, warned.warnings]).toEqual([201, problems])
    const refused = await call('POST', `${path}?dryRun=All&fieldValidation=Strict`, text, type)
    expect(refused.code).toBe(400)
    const lines = problems.filter((problem) => problem.startsWith('line '))
    const yaml = lines.length === 0 ? [] : [`yaml: unmarshal errors:\n  ${lines.join('\n  ')}`]
    const told = [...yaml, ...problems.filter((problem) => !lines.includes(problem))]
    expect(refused.body.message).toContain(`: strict decoding error: ${told.join(', ')}`)
  })
})

describe('what patches make', () => {
  const cases: readonly [about: string, kind: Kind, type: Type, patch: string, problems: readonly string[]][] = [
    [
      'several',
      'map',
      'merge',
      '{"z":1,"dat":1,"data":{"a":"1","a":"2"},"metadata":{"foo":1,"bar":1}}',
      [twice('data.a'), unknown('dat'), unknown('metadata.bar'), unknown('metadata.foo'), unknown('z')],
    ],
    ['several', 'map', 'strategic', '{"dat":1,"data":{"a":"1","a":"2"}}', [twice('data.a'), unknown('dat')]],
    [
      'several',
      'map',
      'strategic',
      '{"z":1,"dat":1,"metadata":{"foo":1}}',
      [unknown('dat'), unknown('metadata.foo'), unknown('z')],
    ],
    [
      'several',
      'map',
      'json',
      '[{"op":"add","path":"/z","value":1},{"op":"add","path":"/dat","value":{"b":1,"a":1}},{"op":"add","path":"/metadata/foo","value":1}]',
      [unknown('dat'), unknown('metadata.foo'), unknown('z')],
    ],
    [
      'fields of a new map',
      'deploy',
      'merge',
      '{"spec":{"strategy":{"type":"RollingUpdate","z":1,"b":1},"a":1}}',
      [unknown('spec.a'), unknown('spec.strategy.b'), unknown('spec.strategy.z')],
    ],
    [
      'fields of a new map',
      'deploy',
      'merge',
      '{"spec":{"template":{"spec":{"affinity":{"z":1,"b":1,"nodeAffinity":{"y":1,"c":1}},"a":1}}}}',
      [
        unknown('spec.template.spec.a'),
        unknown('spec.template.spec.affinity.b'),
        unknown('spec.template.spec.affinity.nodeAffinity.c'),
        unknown('spec.template.spec.affinity.nodeAffinity.y'),
        unknown('spec.template.spec.affinity.z'),
      ],
    ],
    [
      'within what is said twice',
      'map',
      'merge',
      '{"metadata":{"foo":{"b":1,"b":1}},"foo":1,"foo":1}',
      [twice('metadata.foo.b'), twice('foo'), unknown('foo'), unknown('metadata.foo')],
    ],
    [
      'twice in operations',
      'map',
      'json',
      '[{"op":"add","path":"/data/c","path":"/data/d","value":"1","why":1,"zoo":1,"zoo":1}]',
      [
        'json patch duplicate field "[0].path"',
        'json patch unknown field "[0].why"',
        'json patch unknown field "[0].zoo"',
      ],
    ],
  ]
  it.each(cases)('%s: %s %s %s', async (_, kind, type, patch, problems) => {
    expect(await patched(kind, type, patch)).toMatchObject({ code: 200, warnings: problems })
    const { body } = await patched(kind, type, patch, '?fieldValidation=Strict')
    expect(body.message).toContain(`: strict decoding error: ${problems.join(', ')}`)
  })
})
