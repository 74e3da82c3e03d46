import { expect, it } from 'vitest'
import { pluginFor } from './find.ts'

const PLUGINS = new Set(['kubectl-foo', 'kubectl-foo-bar', 'kubectl-under_score', 'kubectl-create-thing'])
const lookup = (name: string) => (PLUGINS.has(name) ? `/bin/${name}` : undefined)

it.each([
  [['foo'], 1, 'kubectl-foo', []],
  [['foo', 'baz'], 1, 'kubectl-foo', ['baz']],
  [['foo', 'bar', 'baz', '--x'], 1, 'kubectl-foo-bar', ['baz', '--x']],
  [['foo', '-v', 'bar'], 1, 'kubectl-foo', ['-v', 'bar']],
  [['under-score', 'x-y'], 1, 'kubectl-under_score', ['x-y']],
  [['create', 'thing', 'a'], 2, 'kubectl-create-thing', ['a']],
] as const)('%j means a plugin', (words, least, name, args) => {
  expect(pluginFor(words, lookup, least)).toEqual({ file: `/bin/${name}`, args })
})

it.each([
  [['nope'], 1],
  [['--flag', 'foo'], 1],
  [['create', 'other'], 2],
  [['foo', 'x'], 2],
  [[], 1],
] as const)('%j of at least %i words means none', (words, least) => {
  expect(pluginFor(words, lookup, least)).toBeUndefined()
})
