// npm run ok: format, lint, generated code, types, layers, dead code, unit tests. What must hold before a commit.
// --no-tests leaves the unit tests to an `npm test` that follows.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ensureDependencies, root, say } from './setup.mjs'

ensureDependencies()
const bin = (name) => join(root, 'node_modules', '.bin', name)
const node = process.execPath

const steps = [
  ['format and lint', bin('biome'), ['check', '.']],
  ['generated API types', node, ['tools/generate-api.mjs', '--check']],
  ['types', bin('tsc'), ['-p', '.']],
  ['layers', node, ['tools/layers.mjs']],
  ['dead code', bin('knip'), []],
  ...(process.argv.includes('--no-tests') ? [] : [['unit tests', node, ['tools/test.mjs', '--unit']]]),
]

const failed = []
for (const [name, program, args] of steps) {
  say(`— ${name}`)
  const { status } = spawnSync(program, args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) failed.push(name)
}
say(failed.length === 0 ? 'all checks passed' : `failed: ${failed.join(', ')}`)
process.exit(failed.length === 0 ? 0 : 1)
