// npm test: sets everything up and runs every test; ends with a line that counts them.
// Options: --unit or --e2e for one kind only; anything else goes to vitest.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureBuild, ensureDependencies, ensurePackages, packages, root } from './setup.mjs'

const args = process.argv.slice(2)
const only = ['--unit', '--e2e'].filter((kind) => args.includes(kind))
const rest = args.filter((a) => !['--unit', '--e2e', '--no-install'].includes(a))
const projects = only.length > 0 ? only.flatMap((kind) => ['--project', kind.slice(2)]) : []

ensurePackages(packages.test, { noInstall: args.includes('--no-install') })
ensureDependencies()
ensureBuild()

const dir = mkdtempSync(join(tmpdir(), 'sampan-test-'))
const report = join(dir, 'report.json')
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
const { status } = spawnSync(process.execPath, [vitest, 'run', ...projects, ...reporters, ...rest], {
  cwd: root,
  stdio: 'inherit',
})
const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0 } = JSON.parse(readFileSync(report, 'utf8'))
rmSync(dir, { recursive: true })
process.stdout.write(`${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped\n`)
process.exit(status ?? 1)
