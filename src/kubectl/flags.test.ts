import { expect, it } from 'vitest'
import { type Flag, parseFlags, parseGoDuration, takeCommandWord } from './flags.ts'

const flags: Flag[] = [
  { name: 'output', short: 'o', type: 'string', description: '' },
  { name: 'filename', short: 'f', type: 'slice', description: '' },
  { name: 'namespace', short: 'n', type: 'string', description: '' },
  { name: 'watch', short: 'w', type: 'boolean', description: '' },
  { name: 'stdin', short: 'i', type: 'boolean', description: '' },
  { name: 'tty', short: 't', type: 'boolean', description: '' },
  { name: 'env', type: 'strings', description: '' },
  { name: 'replicas', type: 'int', description: '' },
  { name: 'timeout', type: 'duration', description: '' },
  { name: 'dry-run', type: 'string', description: '', whenBare: 'unchanged', fallback: 'none' },
]

it.each([
  [['-o=yaml'], 'yaml'],
  [['-oyaml'], 'yaml'],
  [['-o', 'yaml'], 'yaml'],
  [['-wo', 'yaml'], 'yaml'],
  [['-output=yaml'], 'yaml'],
  [['-output', 'yaml'], 'yaml'],
  [['--output=a=b'], 'a=b'],
  [['--output', 'json', '--output', 'yaml'], 'yaml'],
])('reads a value from %j', (argv, value) => {
  expect(parseFlags(flags, argv).string('output')).toBe(value)
})

it('reads booleans, lists, and leaves the rest alone', () => {
  const parsed = parseFlags(flags, ['get', '--watch=false', '--env', 'a,b', '--env=c', '-', '--', '-w'])
  expect(parsed.boolean('watch')).toBe(false)
  expect(parsed.changed('watch')).toBe(true)
  expect(parsed.strings('env')).toEqual(['a,b', 'c'])
  expect(parsed.args).toEqual(['get', '-', '-w'])
  expect(parsed.argsBeforeDash).toBe(2)
})

it('splits slices at commas, bundles shorthands, knows bare values, numbers and durations', () => {
  const parsed = parseFlags(flags, [
    '-f',
    'a,b',
    '-f=c',
    '-it',
    '--dry-run',
    'pod',
    '--replicas=3',
    '--timeout',
    '1m30s',
  ])
  expect(parsed.strings('filename')).toEqual(['a', 'b', 'c'])
  expect([parsed.boolean('stdin'), parsed.boolean('tty')]).toEqual([true, true])
  expect(parsed.string('dry-run')).toBe('unchanged')
  expect(parsed.args).toEqual(['pod'])
  expect(parsed.int('replicas')).toBe(3)
  expect(parsed.duration('timeout')).toBe(90_000)
})

it.each([
  [['--nope'], 'unknown flag: --nope'],
  [['-x'], "unknown shorthand flag: 'x' in -x"],
  [['-wx'], "unknown shorthand flag: 'x' in -x"],
  [['--output'], 'flag needs an argument: --output'],
  [['-o'], "flag needs an argument: 'o' in -o"],
  [
    ['--watch=maybe'],
    'invalid argument "maybe" for "-w, --watch" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
  ],
  [['--replicas=x'], 'invalid argument "x" for "--replicas" flag: strconv.ParseInt: parsing "x": invalid syntax'],
  [['--timeout=5'], 'invalid argument "5" for "--timeout" flag: time: missing unit in duration "5"'],
])('refuses %j', (argv, message) => {
  expect(() => parseFlags(flags, argv)).toThrow(message)
})

it.each([
  ['0', 0],
  ['1.5h', 5_400_000],
  ['-2s', -2000],
  ['5', undefined],
  ['x', undefined],
])('reads the duration %s', (text, ms) => {
  expect(parseGoDuration(text)).toBe(ms)
})

it.each([
  [['-n', 'x', 'get', 'pods'], 'get', ['-n', 'x', 'pods']],
  [['--namespace=x', 'get', '-w'], 'get', ['--namespace=x', '-w']],
  [['-w', 'get'], 'get', ['-w']],
])('finds the command in %j', (argv, word, rest) => {
  expect(takeCommandWord(flags, argv)).toEqual({ word, rest })
})
