// Bundles the command into CommonJS files, which start in half the time of the separate modules: one of sampan's own
// commands, which loads another one when it needs the server, and one of kubectl alone.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { warmKubectl } from './warm-kubectl.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const { kubernetes } = JSON.parse(readFileSync(join(root, 'src/api/facts-v1.36.json'), 'utf8'))

const options = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  // Native code stays where npm put it.
  external: ['lmdb', 'esbuild', 'bufferutil', 'utf-8-validate'],
  define: { SAMPAN_VERSION: JSON.stringify(version), KUBERNETES_VERSION: JSON.stringify(kubernetes) },
  logLevel: 'warning',
  legalComments: 'none',
  minifySyntax: true,
  // A command's start is in part the reading of its bundle. Names stay: errors show them.
  minifyWhitespace: true,
  lineLimit: 160,
  keepNames: false,
  // The script is run by vm.Script, where only require can load.
  supported: { 'dynamic-import': false },
}

/** What needs the server is left to the bundle beside. */
const serverBeside = {
  name: 'server-beside',
  setup(bundling) {
    bundling.onResolve({ filter: /\/with-server\.ts$/ }, () => ({ path: './with-server.cjs', external: true }))
  },
}

await build({ ...options, entryPoints: ['src/cli/sampan.ts'], outfile: 'dist/sampan.cjs', plugins: [serverBeside] })
await build({ ...options, entryPoints: ['src/cli/commands/with-server.ts'], outfile: 'dist/with-server.cjs' })
await build({ ...options, entryPoints: ['src/cli/kubectl.ts'], outfile: 'dist/kubectl.cjs' })
for (const bundle of ['sampan', 'with-server', 'kubectl']) {
  const text = readFileSync(join(root, `dist/${bundle}.cjs`))
  const at = text.findIndex((byte) => byte > 127)
  if (at >= 0) throw new Error(`dist/${bundle}.cjs is not ASCII: …${text.subarray(Math.max(0, at - 60), at + 10)}…`)
}
await build({ ...options, entryPoints: ['examples/guestbook/deploy.ts'], outfile: 'dist/guestbook.cjs' })
await build({ ...options, entryPoints: ['examples/texts/load-images.ts'], outfile: 'dist/texts.cjs' })

// The prose of `kubectl explain`, out of the dependency that ships it.
execFileSync(process.execPath, [join(root, 'tools/generate-docs.mjs')], { stdio: 'ignore' })

// Keeps V8's compiled form of what a start runs through; it holds for the flags that V8 has at the end.
for (const [bundle, words] of [
  ['sampan', ['--help']],
  ['with-server', ['up', '--help']],
]) {
  execFileSync(process.execPath, [join(root, 'bin/sampan.cjs'), ...words], {
    env: { ...process.env, SAMPAN_WRITE_COMPILED: bundle },
    stdio: 'ignore',
  })
}
await warmKubectl(root)
