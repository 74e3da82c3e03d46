import { expect, it } from 'vitest'
import { type Flag, parseFlags } from './flags.ts'

const flags: Flag[] = [
  { name: 'output', short: 'o', type: 'string', description: '' },
  { name: 'watch', short: 'w', type: 'boolean', description: '' },
  { name: 'env', type: 'strings', description: '' },
]

it.each([
  [['-o=yaml'], 'yaml'],
  [['-oyaml'], 'yaml'],
  [['-o', 'yaml'], 'yaml'],
  [['--output=a=b'], 'a=b'],
  [['--output', 'json', '--output', 'yaml'], 'yaml'],
])('reads a value from %j', (argv, value) => {
  expect(parseFlags(flags, argv).string('output')).toBe(value)
})

it('reads booleans, lists, and leaves the rest alone', () => {
  const parsed = parseFlags(flags, ['get', '--watch=false', '--env', 'a', '--env=b', '-', '--', '-w'])
  expect(parsed.boolean('watch')).toBe(false)
  expect(parsed.strings('env')).toEqual(['a', 'b'])
  expect(parsed.args).toEqual(['get', '-', '-w'])
})

it.each([
  [['--nope'], 'unknown flag: --nope'],
  [['-x'], "unknown shorthand flag: 'x' in -x"],
  [['--output'], 'flag needs an argument: --output'],
  [['--watch=maybe'], 'invalid argument "maybe" for "--watch" flag: expected true or false'],
])('refuses %j', (argv, message) => {
  expect(() => parseFlags(flags, argv)).toThrow(message)
})
