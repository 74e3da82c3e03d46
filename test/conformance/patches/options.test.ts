// What strictness, versions and dry runs make of patches.
// Rules: pkg/endpoints/handlers/patch.go of k8s.io/apiserver, pkg/util/strategicpatch and pkg/runtime/converter.go of
// k8s.io/apimachinery, RFC 6902 and RFC 7386. A case names the function, or the section of the RFC, that it pins.

import { describe, expect, it } from 'vitest'
import { call, KINDS, patched, type Type } from './support.ts'

describe('what is warned of, or refused when validation is strict', () => {
  const cases: readonly [rule: string, type: Type, patch: string, problems: readonly string[]][] = [
    ['unknown fields', 'merge', '{"dat":{}}', ['unknown field "dat"']],
    ['fields that are said twice', 'merge', '{"data":{"a":"1","a":"3"}}', ['duplicate field "data.a"']],
    [
      'fields that are said twice',
      'strategic',
      '{"data":{"a":"1","a":"3"},"dat":1}',
      ['duplicate field "data.a"', 'unknown field "dat"'],
    ],
    [
      'unknown fields of an operation',
      'json',
      '[{"op":"add","path":"/data/c","value":"1","why":"x"}]',
      ['json patch unknown field "[0].why"'],
    ],
    [
      'a directive that a new map keeps',
      'strategic',
      '{"immutable":false,"metadata":{"labels":{"a":"b"},"boats":{"$retainKeys":["x"]}}}',
      ['unknown field "metadata.boats"'],
    ],
  ]
  for (const [rule, type, patch, problems] of cases) {
    it(`${type}: ${rule}`, async () => {
      expect(await patched('map', type, patch)).toMatchObject({ code: 200, warnings: problems })
      expect(await patched('map', type, patch, '?fieldValidation=Ignore')).toMatchObject({ code: 200, warnings: [] })
      const { code, body } = await patched('map', type, patch, '?fieldValidation=Strict')
      expect(code).toBe(422)
      expect(body.message).toContain(' "" is invalid: patch: Invalid value: ')
      expect(body.message).toContain(`: strict decoding error: ${problems.join(', ')}`)
    })
  }
})

describe('which version a patch is for', () => {
  for (const type of ['merge', 'strategic'] as const) {
    it(`${type}: one that names another is refused (AllowUnconditionalUpdate)`, async () => {
      const { code, body } = await patched('map', type, { metadata: { resourceVersion: '1' } })
      expect([code, body.reason]).toEqual([409, 'Conflict'])
      expect(body.message).toMatch(
        /^Operation cannot be fulfilled on configmaps "n\d+": the object has been modified; please apply your changes to the latest version and try again$/,
      )
    })
  }
  it('a dry run answers what would be, and keeps what is', async () => {
    const { body } = await patched('map', 'merge', { data: { a: '9' } }, '?dryRun=All')
    expect(body.data.a).toBe('9')
    const stored = await call('GET', `${KINDS.map.path}/${body.metadata.name}`, '', 'application/json')
    expect(stored.body.data.a).toBe('1')
    expect(stored.body.metadata.resourceVersion).toBe(body.metadata.resourceVersion)
  })
})
