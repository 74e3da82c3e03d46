// npm run bench: sets everything up, then measures; see bench/main.ts for the options. `npm run bench -- owners` measures
// what bench/owners.ts says.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asRoot, ensureBuild, ensureDependencies, ensurePackages, packages, root, runWords } from './setup.mjs'

ensurePackages(packages.start, { noInstall: process.argv.includes('--no-install') })
ensureDependencies()
ensureBuild()
const { build } = await import('esbuild')
const dir = mkdtempSync(join(tmpdir(), 'sampan-bench-'))
const bundle = join(dir, 'bench.cjs')
await build({
  entryPoints: [join(root, 'bench', process.argv[2] === 'owners' ? 'owners.ts' : 'main.ts')],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  logLevel: 'error',
})
process.on('exit', () => rmSync(dir, { recursive: true, force: true }))
runWords(
  asRoot(bundle, join(root, 'bin/sampan.cjs'), '--results', join(root, 'bench/results'), ...process.argv.slice(2)),
)
