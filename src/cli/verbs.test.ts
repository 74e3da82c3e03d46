import { expect, it } from 'vitest'
import { bundleFor, ownVerbs } from '../../bin/verbs.cjs'
import { entries } from '../kubectl/commands/index.ts'
import { commands } from './commands/index.ts'

it('lists exactly the commands of sampan itself', () => {
  expect([...ownVerbs].sort()).toEqual(commands.map((c) => c.name).sort())
})

it.each(commands.map((entry) => [entry.name, entry] as const))('has %s', async (_, entry) => {
  const { run, usage } = await entry.load()
  expect(run).toBeTypeOf('function')
  expect(usage).toBeTypeOf('string')
})

it('shares only these verbs with kubectl', () => {
  const shared = entries.map((e) => e.name).filter((name) => ownVerbs.includes(name))
  for (const name of shared) expect(['delete', 'version', 'completion']).toContain(name)
})

it.each([
  ['sampan', [], 'sampan'],
  ['sampan', ['--help'], 'sampan'],
  ['sampan', ['help', 'get'], 'kubectl'],
  ['sampan', ['up', '--name', 'x'], 'sampan'],
  ['sampan', ['get', 'pods'], 'kubectl'],
  ['sampan', ['-n', 'x', 'get', 'pods'], 'kubectl'],
  ['sampan', ['delete'], 'sampan'],
  ['sampan', ['delete', '--name', 'x'], 'sampan'],
  ['sampan', ['delete', '--name=x'], 'sampan'],
  ['sampan', ['delete', 'pod', 'x'], 'kubectl'],
  ['sampan', ['delete', '-f', 'x.yaml'], 'kubectl'],
  ['sampan', ['delete', '--raw', '/x'], 'kubectl'],
  ['sampan', ['version'], 'sampan'],
  ['sampan', ['version', '--client'], 'kubectl'],
  ['sampan', ['__complete', ''], 'sampan'],
  ['sampan', ['__complete', 'image', ''], 'sampan'],
  ['sampan', ['__complete', 'delete', ''], 'sampan'],
  ['sampan', ['__completeNoDesc', 'get', 'pods', ''], 'kubectl'],
  ['/usr/local/bin/kubectl', ['up'], 'kubectl'],
  ['/usr/local/bin/kubectl', [], 'kubectl'],
] as const)('%s %j is for %s', (script, words, bundle) => {
  expect(bundleFor(script, words)).toBe(bundle)
})
