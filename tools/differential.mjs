// npm run differential [-- FILE…]: runs the conformance tests, or tests of src/apiserver, with each request sent to
// kube-apiserver, too, and prints where the two answer differently. KUBE_APISERVER and ETCD are the paths of the programs to compare with.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { report } from './differential-report.mjs'
import { ensureDependencies, root } from './setup.mjs'

for (const name of ['KUBE_APISERVER', 'ETCD']) {
  if (existsSync(process.env[name] ?? '')) continue
  process.stderr.write(`error: ${name} is not the path of a program: see CONTRIBUTING.md for how to get one\n`)
  process.exit(1)
}
ensureDependencies()
const dir = mkdtempSync(join(tmpdir(), 'sampan-differential-'))
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const files = process.argv.length > 2 ? process.argv.slice(2) : ['test/conformance', 'test/differential']
const args = ['run', '--config', 'test/differential/vitest.config.ts', ...files]
// Tests that count what their webhooks are asked fail, as two servers ask: what counts is the report.
spawnSync(process.execPath, [vitest, ...args], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, DIFFERENTIAL_OUT: dir },
})
report(dir, (text) => process.stdout.write(text))
rmSync(dir, { recursive: true })
