// Checks the layer rules of .dependency-cruiser.cjs, and that the tool saw the code at all.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { root } from './setup.mjs'

const LEAST_MODULES = 200
const bin = join(root, 'node_modules', '.bin', 'depcruise')
const { stdout, stderr } = spawnSync(bin, ['src', '--config', '.dependency-cruiser.cjs', '--output-type', 'json'], {
  cwd: root,
  encoding: 'utf8',
  maxBuffer: 256 * 1024 * 1024,
})
if (!stdout) {
  process.stderr.write(stderr)
  process.exit(1)
}
const { summary } = JSON.parse(stdout)
if (summary.totalCruised < LEAST_MODULES) {
  process.stderr.write(`error: only ${summary.totalCruised} modules were seen; the check means nothing\n`)
  process.exit(1)
}
for (const { rule, from, to } of summary.violations) process.stderr.write(`${rule.name}: ${from} → ${to}\n`)
process.stdout.write(`${summary.totalCruised} modules, ${summary.violations.length} violations\n`)
process.exit(summary.violations.length === 0 ? 0 : 1)
