#!/usr/bin/env node
// The sampan command: runs the bundle, from V8's compiled form when that is at hand.
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const bundle = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist', 'sampan.cjs')
if (!existsSync(bundle)) {
  process.stderr.write('sampan: not built yet; run "npm run build" in the repository first\n')
  process.exit(1)
}
createRequire(import.meta.url)(bundle)
