import { describe, expect, it } from 'vitest'
import { goStruct, structJson } from './struct-json.ts'

const shapes = {
  Outer: 'Name DNSPolicy Count:i On:b Size:q Port:x ...Inline Pointer:*Inner List:[]Inner Amounts:{}q Selector:*Tagged',
  Inline: 'CephFS=cephfs:*Inner',
  Inner: 'Value:*s',
  Tagged: '?matchLabels:{}s ?values:[]s',
}

describe('structJson', () => {
  it('shows every field, set or not, in the order of declaration', () => {
    expect(structJson(goStruct(shapes, 'Outer', {})).replaceAll('\n', '')).toBe(
      '{ "Name": "", "DNSPolicy": "", "Count": 0, "On": false, "Size": "0", "Port": 0, "CephFS": null, "Pointer": null, "List": null, "Amounts": null, "Selector": null}',
    )
  })

  it('indents by one', () => {
    const value = {
      name: '<a>',
      dnsPolicy: 'b',
      list: [{}],
      amounts: { b: '1024Mi', a: '1000m' },
      cephfs: { value: 'c' },
    }
    const shown = structJson(goStruct(shapes, 'Outer', value))
    expect(shown).toContain('"Name": "\\u003ca\\u003e"')
    expect(shown).toContain('\n "List": [\n  {\n   "Value": null\n  }\n ],\n')
    expect(shown).toContain('\n "Amounts": {\n  "a": "1",\n  "b": "1Gi"\n },\n')
  })

  it('leaves out what has a tag that says so, and shows what is empty', () => {
    expect(structJson(goStruct(shapes, 'Outer', { selector: {}, list: [] }))).toContain(
      '\n "List": [],\n "Amounts": null,\n "Selector": {}\n}',
    )
  })
})
