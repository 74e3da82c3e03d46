// npm test: sets everything up and runs every test; ends with a line that counts them.
// Options: --unit or --e2e for one kind only; anything else goes to vitest.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureBuild, ensureDependencies, ensurePackages, ensureTestClients, packages, root } from './setup.mjs'

const args = process.argv.slice(2)
const kinds = ['unit', 'e2e']
const asked = kinds.filter((kind) => args.includes(`--${kind}`))
const rest = args.filter((a) => !['--unit', '--e2e', '--no-install'].includes(a))

ensurePackages(packages.test, { noInstall: args.includes('--no-install') })
ensureDependencies()
ensureTestClients()
ensureBuild()

// One kind after the other: end-to-end tests boot whole clusters and want the machine for themselves.
const total = { passed: 0, failed: 0, skipped: 0 }
let ended = 0
for (const kind of asked.length > 0 ? asked : kinds) {
  const { status, counts } = runTests(kind, rest)
  for (const key of Object.keys(total)) total[key] += counts[key]
  if (status !== 0) ended = status ?? 1
}
process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`)
process.exit(ended)

/** Runs one kind of tests; gives vitest's exit code and what it counted. */
function runTests(kind, more) {
  const dir = mkdtempSync(join(tmpdir(), 'sampan-test-'))
  const report = join(dir, 'report.json')
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const { status } = spawnSync(process.execPath, [vitest, 'run', '--project', kind, ...reporters, ...more], {
    cwd: root,
    stdio: 'inherit',
  })
  const counted = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : {}
  rmSync(dir, { recursive: true })
  const { numPassedTests: passed = 0, numFailedTests: failed = 0, numPendingTests: skipped = 0 } = counted
  return { status, counts: { passed, failed, skipped } }
}
