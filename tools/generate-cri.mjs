// Turns the .proto files of the container runtime interface into TypeScript, offline.
// Usage: node tools/generate-cri.mjs [--check]   (--check fails when the committed output is stale)
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const protoDir = join(root, 'src/kubelet/runtime/cri/proto')
const outDir = join(root, 'src/kubelet/runtime/cri/generated')

function generate(out) {
  const template = {
    version: 'v2',
    plugins: [
      {
        local: [process.execPath, join(root, 'node_modules/@bufbuild/protoc-gen-es/bin/protoc-gen-es')],
        out,
        opt: ['target=ts', 'import_extension=ts', 'erasable_syntax=true'],
      },
    ],
  }
  execFileSync(
    process.execPath,
    [join(root, 'node_modules/@bufbuild/buf/bin/buf'), 'generate', protoDir, '--template', JSON.stringify(template)],
    { stdio: 'inherit' },
  )
}

if (process.argv.includes('--check')) {
  const fresh = mkdtempSync(join(tmpdir(), 'generate-cri-'))
  try {
    generate(fresh)
    const names = new Set([...readdirSync(fresh), ...readdirSync(outDir)])
    const stale = [...names].filter((name) => read(join(fresh, name)) !== read(join(outDir, name)))
    if (stale.length > 0) {
      console.error(`stale: ${stale.join(', ')}; run node tools/generate-cri.mjs`)
      process.exitCode = 1
    }
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
} else {
  rmSync(outDir, { recursive: true, force: true })
  generate(outDir)
}

function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}
