// What is wrong with YAML, in the words of the library that upstream reads it with.
// Rules: scannerc.go, parserc.go, readerc.go and decode.go of go.yaml.in/yaml/v2. A case names what it is about.

import { describe, expect, it } from 'vitest'
import { call } from './patches/support.ts'

const MAPS = '/api/v1/namespaces/default/configmaps?dryRun=All'

/** Lists of ten of the list before, so many times. */
function laughs(times: number): string {
  const lists = Array.from(
    { length: times },
    (_, i) => `l${i + 1}: &l${i + 1} [${Array(10).fill(`*l${i}`).join(', ')}]`,
  )
  return ['l0: &l0 [ha, ha, ha]', ...lists, ''].join('\n')
}

describe('YAML that is none', () => {
  const cases: readonly [text: string, problem: string][] = [
    ['a: b: c', 'mapping values are not allowed in this context'],
    ['a: 1\nb: c: d\n', 'line 2: mapping values are not allowed in this context'],
    ['a: 1\n b: 2\n', 'line 2: mapping values are not allowed in this context'],
    ['a:\n  b: 1\n c: 2\n', 'line 2: did not find expected key'],
    ['a:\n  - b\n c: 2\n', 'line 2: did not find expected key'],
    ['a: [1, 2\n', "line 1: did not find expected ',' or ']'"],
    ['a: [1, 2\nb: 1\n', "line 1: did not find expected ',' or ']'"],
    ['a: {b: 1\n', "line 1: did not find expected ',' or '}'"],
    ['a: {b: 1\nc: 1\n', "line 1: did not find expected ',' or '}'"],
    ['a: {b: 1, c: [}\n', 'did not find expected node content'],
    ['{', 'line 1: did not find expected node content'],
    ['[', 'line 1: did not find expected node content'],
    ['}', 'did not find expected node content'],
    [']', 'did not find expected node content'],
    ['a: }\n', 'did not find expected node content'],
    ['a: ]\n', 'did not find expected node content'],
    ['a: "b\n', 'line 2: found unexpected end of stream'],
    ["a: 'b\n", 'line 2: found unexpected end of stream'],
    ['a: 1\nb: "c\n', 'line 3: found unexpected end of stream'],
    ['a: "\\q"\n', 'found unknown escape character'],
    ['a: 1\nb: "\\q"\n', 'line 2: found unknown escape character'],
    ['a: "\\xzz"\n', 'did not find expected hexdecimal number'],
    ['a: "b" c\n', 'did not find expected key'],
    ['a: 1\nb: "b" c\n', 'line 1: did not find expected key'],
    ['\ta: 1\n', 'found character that cannot start any token'],
    ['a:\n\tb: 1\n', 'line 2: found character that cannot start any token'],
    ['a: 1\n\tb: 1\n', 'line 2: found a tab character that violates indentation'],
    ['a:\n  b: 1\n\tc: 1\n', 'line 3: found a tab character that violates indentation'],
    ['a: @b\n', 'found character that cannot start any token'],
    ['a: 1\nb: `c\n', 'line 2: found character that cannot start any token'],
    ['@', 'found character that cannot start any token'],
    ['a: %b\n', 'found character that cannot start any token'],
    ['a: *b\n', "unknown anchor 'b' referenced"],
    ['a: 1\nb: *c\n', "unknown anchor 'c' referenced"],
    ['a: &a [*a, *a]\n', "anchor 'a' value contains itself"],
    ['a: 1\nb: &b\n  c: {d: [*b]}\n', "anchor 'b' value contains itself"],
    [laughs(9), 'document contains excessive aliasing'],
    ['a: *\n', 'did not find expected alphabetic or numeric character'],
    ['a: &\n', 'did not find expected alphabetic or numeric character'],
    ['a: !b!c d\n', 'found undefined tag handle'],
    ['a\nb: 1\n', 'line 2: mapping values are not allowed in this context'],
    ['a: 1\nb\n', "line 3: could not find expected ':'"],
    ['a: 1\nb\nc: 1\n', "line 3: could not find expected ':'"],
    ['- a\nb: 1\n', "line 1: did not find expected '-' indicator"],
    ['a: 1\n- b\n', 'line 1: did not find expected key'],
    ['a: - b\n', 'block sequence entries are not allowed in this context'],
    ['a: |0\n  b\n', 'found an indentation indicator equal to 0'],
    ['a: |x\n  b\n', 'did not find expected comment or line break'],
    ['a: |\n\tb\n', 'line 2: found a tab character where an indentation space is expected'],
    ['a: \u0000\n', 'control characters are not allowed'],
    ['a: \u0007\n', 'control characters are not allowed'],
    ['a: 1\nb: \u007f\n', 'control characters are not allowed'],
    [', a', 'did not find expected node content'],
    ['a: ,\n', 'did not find expected node content'],
    ['? a\n: b\n? [c\n', "line 3: did not find expected ',' or ']'"],
    ['a: "b\n--- c"\n', 'line 2: found unexpected document indicator'],
    ['a: [1,,2]\n', 'did not find expected node content'],
    ['a: {,}\n', 'did not find expected node content'],
    ['[a]: 1\n', 'invalid map key: []interface {}{"a"}'],
    ['{a: 1}: 1\n', 'invalid map key: map[interface {}]interface {}{"a":1}'],
    ['<<: 1\n', 'map merge requires map or sequence of maps as the value'],
    ['a: >-1x\n', 'did not find expected comment or line break'],
    ['a: <<<\n  b: c\n   d: e\n', 'line 2: mapping values are not allowed in this context'],
    ['a:\n- b: 1\n c: 2\n', 'line 2: did not find expected key'],
    ['a:\n- b: 1\n   c: 2\n', 'line 3: mapping values are not allowed in this context'],
    ['a: b\n  c: d\n', 'line 2: mapping values are not allowed in this context'],
    [
      'kind: ConfigMap\nmetadata:\n  name: a\n   labels: {}\n',
      'line 4: mapping values are not allowed in this context',
    ],
    [
      'kind: ConfigMap\nmetadata:\n  name: {{ .Name }}\n',
      'invalid map key: map[interface {}]interface {}{".Name":interface {}(nil)}',
    ],
    ['kind: ConfigMap\nmetadata:\n  name: {{ .Name }}-a\n', 'line 2: did not find expected key'],
    ['{{ if a }}\nkind: ConfigMap\n', 'invalid map key: map[interface {}]interface {}{"if a":interface {}(nil)}'],
    ['kind: ConfigMap\nmetadata:\n\tname: a\n', 'line 3: found character that cannot start any token'],
    ['kind: ConfigMap\nmetadata:\n  name: a\n<<<<<<< HEAD\ndata: {}\n', "line 5: could not find expected ':'"],
    ['kind: ConfigMap\nmetadata:\n  name: a: b\n', 'line 3: mapping values are not allowed in this context'],
    ['kind:ConfigMap\nmetadata:\n  name: a\n', 'line 2: mapping values are not allowed in this context'],
    ['kind: ConfigMap\nmetadata\n  name: a\n', "line 3: could not find expected ':'"],
    ['%YAML 1.2\n---\na: 1\n', 'found incompatible YAML document'],
    ['%YAML 3.0\n---\na: 1\n', 'found incompatible YAML document'],
    ['%FOO bar\n---\na: 1\n', 'found unknown directive name'],
    ['%YAML 1.1\na: 1\n', 'line 1: did not find expected <document start>'],
  ]
  it.each(cases)('%j: %s', async (text, problem) => {
    const { code, body } = await call('POST', MAPS, text, 'application/yaml')
    expect(code).toBe(400)
    expect(body.message).toContain(
      `the object provided is unrecognized (must be of type ConfigMap): yaml: ${problem} (`,
    )
  })
})

describe('what comes after the first document is not read (parser.parse)', () => {
  it.each(['a: b\n--- c: d\n', '{a: 1} b\n', '{a: 1}\nb: 1\n'])('%j is taken', async (text) => {
    const { code, body } = await call('POST', MAPS, text, 'application/yaml')
    expect([code, body.message]).toEqual([
      422,
      'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
    ])
  })
})

describe('directives and tags that are taken (resolve of resolve.go)', () => {
  const cases: readonly [data: string, is: object][] = [
    ['{a: !foo 3}', { a: '3' }],
    ['{a: !!foo x}', { a: 'x' }],
    ['{a: !!binary aGk=}', { a: 'hi' }],
    ['{a: !!timestamp 2001-01-01}', { a: '2001-01-01' }],
    ['!!set {a, b}', { a: '', b: '' }],
    ['!!seq {a: b}', { a: 'b' }],
  ]
  it.each(cases)('%s is %j', async (data, is) => {
    const text = `%YAML 1.1\n---\nmetadata: {name: tags}\ndata: ${data}\n`
    const { body } = await call('POST', MAPS, text, 'application/yaml')
    expect(body.data).toEqual(is)
  })
})
