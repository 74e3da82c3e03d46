import { describe, expect, it } from 'vitest'
import { findJsonPath, parseJsonPath } from './jsonpath.ts'

const data = {
  kind: 'List',
  items: [
    {
      kind: 'None',
      metadata: { name: '127.0.0.1', labels: { 'kubernetes.io/hostname': 'one' } },
      status: { capacity: { cpu: '4' }, addresses: [{ type: 'LegacyHostIP', address: '127.0.0.1' }] },
      n: 3,
      ready: true,
    },
    {
      kind: 'None',
      metadata: { name: '127.0.0.2' },
      status: {
        capacity: { cpu: '8' },
        addresses: [
          { type: 'LegacyHostIP', address: '127.0.0.2' },
          { type: 'another', address: '127.0.0.3' },
        ],
      },
      n: 5,
      ready: false,
    },
  ],
  users: [
    { name: 'myself', user: {} },
    { name: 'e2e', user: { username: 'admin', password: 'secret' } },
  ],
  letters: ['a', 'b', 'c', 'd', 'e'],
  empty: [],
  nothing: null,
  html: { a: '<&>' },
  ratio: 0.5,
}

describe('parseJsonPath', () => {
  it.each([
    ['kind is {.kind}', 'kind is List'],
    ['{@.kind}', 'List'],
    ['{$.kind}', 'List'],
    ["{['kind']}", 'List'],
    ['{.users[0].name}', 'myself'],
    ['{.items[*].metadata.name}', '127.0.0.1 127.0.0.2'],
    ['{.items[*].status.capacity}', '{"cpu":"4"} {"cpu":"8"}'],
    ["{.items[*]['metadata.name', 'status.capacity']}", '127.0.0.1 127.0.0.2 {"cpu":"4"} {"cpu":"8"}'],
    ['{.users[?(@.name=="e2e")].user.password}', 'secret'],
    ["{.items[?(@.n>3)].metadata.name}{'|'}{.items[?(@.n<=3)].metadata.name}", '127.0.0.2|127.0.0.1'],
    ['{.items[?(@.ready==true)].n}', '3'],
    ['{.items[?(@.ready!=true)].n}', '5'],
    ['{.users[?(@.user.username)].name}', 'e2e'],
    ['{..address}', '127.0.0.1 127.0.0.2 127.0.0.3'],
    [
      '{range .items[*]}[{.metadata.name}, {.status.capacity}] {end}',
      '[127.0.0.1, {"cpu":"4"}] [127.0.0.2, {"cpu":"8"}] ',
    ],
    [
      '{range .items[*]}{.metadata.name}:{range .status.addresses[*]} {.type}{end}{"\\n"}{end}end',
      '127.0.0.1: LegacyHostIP\n127.0.0.2: LegacyHostIP another\nend',
    ],
    ['{range .empty[*]}x{.a}{end}after', 'after'],
    ['{.items[0].metadata.labels.kubernetes\\.io/hostname}', 'one'],
    ["{.items[0].metadata.labels['kubernetes\\.io/hostname']}", 'one'],
    ['{.letters[1:3]}', 'b c'],
    ['{.letters[:2]}', 'a b'],
    ['{.letters[-2:]}', 'd e'],
    ['{.letters[-1]}', 'e'],
    ['{.letters[::2]}', 'a c e'],
    ['{.letters[0,2,4]}', 'a c e'],
    ['{.letters[2:2]}', ''],
    ['{.letters}', '["a","b","c","d","e"]'],
    ['{.nothing}', 'null'],
    ['{.html}', '{"a":"\\u003c\\u0026\\u003e"}'],
    ['{.ratio} {1} {-2.50} {true}', '0.5 1 -2.5 true'],
    ['{"tab\\t"}{\'q"\'}', 'tab\tq"'],
    ['{.users[1].user.*}', 'secret admin'],
    ['', ''],
  ])('%s', (template, expected) => {
    expect(parseJsonPath(template)(data, { allowMissingKeys: true })).toBe(expected)
  })

  it.each([
    ['{.items[}', 'unterminated array'],
    ['{.items', 'unclosed action'],
    ['{.items[?(@.a}', 'unterminated filter'],
    ['{.items[a]}', 'invalid array index a'],
    ['{"x}', 'unterminated quoted string'],
    ['{.a[?(@.name=~"c")]}', "unrecognized character in action: U+007E '~'"],
    ['{1.2.3}', 'cannot parse number 1.2.3'],
  ])('refuses %s', (template, message) => {
    expect(() => parseJsonPath(template)).toThrow(message)
  })

  it.each([
    ['{.letters[9]}', 'array index out of bounds: index 9, length 5'],
    ['{.letters[3:1]}', 'starting index 3 is greater than ending index 1'],
    ['{.letters[::0]}', 'step must be > 0'],
    ['{.kind[0]}', 'string is not array or slice'],
    ['{.html[0]}', 'map[string]interface {} is not array or slice'],
    ['{.html[?(@.a)]}', 'map[a:<&>] is not array or slice and cannot be filtered'],
    ['{hello}', 'unrecognized identifier hello'],
    ['{end}', 'not in range, nothing to end'],
    ['{.items[?(@.n=="x")]}', 'incompatible types for comparison'],
    ['{.items[?(@.metadata=="x")]}', 'invalid type for comparison'],
    ['{.items[?(@.n=!3)]}', 'unrecognized filter operator =!'],
    ['{.nope}', 'nope is not found'],
  ])('fails on %s', (template, message) => {
    expect(() => parseJsonPath(template)(data)).toThrow(message)
  })

  it('prints JSON arrays on demand', () => {
    expect(parseJsonPath('{.letters[:2]}{.users[0]}')(data, { asJson: true })).toBe(
      '[\n    "a",\n    "b"\n]\n[\n    {\n        "name": "myself",\n        "user": {}\n    }\n]\n',
    )
  })

  it('can be used again after a range', () => {
    const print = parseJsonPath('{range .letters[:2]}{@}{end}.')
    expect(print(data) + print(data)).toBe('ab.ab.')
  })
})

describe('findJsonPath', () => {
  it('gives one list per part', () => {
    expect(findJsonPath('{.kind}{.letters[0:2]}', data)).toEqual([['List'], ['a', 'b']])
    expect(findJsonPath('{.nope}', data, { allowMissingKeys: true })).toEqual([[]])
  })
})
