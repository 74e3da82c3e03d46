#!/usr/bin/env node
// The sampan command: runs the bundle that the command line is for, from V8's compiled form when that is at hand
// and fits this Node. CommonJS, as Node loads its own loader of ES modules only for those.
const { existsSync, readFileSync, writeFileSync } = require('node:fs')
const { createRequire } = require('node:module')
const { join } = require('node:path')
const { Script } = require('node:vm')
const { bundleFor } = require('./verbs.cjs')

const dist = join(__dirname, '..', 'dist')

/** Node's own modules that the server uses. */
const NODES_OWN = ['child_process', 'crypto', 'dgram', 'dns', 'http', 'http2', 'https', 'net', 'stream', 'tls', 'zlib']

/**
 * Code is compiled to its fastest form after twice V8's usual number of runs: a server that starts pods otherwise spends
 * a fifth of its time on code that soon rests. More than twice is paid for by whoever puts a load on a server that has
 * just started. Room for new objects grows in two steps instead of four: what many requests at once leave behind is then
 * collected less often. Once flags are set, Node reads its own modules no longer from their compiled form: they come
 * first.
 */
function setFlagsOfServer() {
  for (const name of NODES_OWN) require(`node:${name}`)
  const { setFlagsFromString } = require('node:v8')
  setFlagsFromString('--interrupt-budget=135168')
  setFlagsFromString('--semi-space-growth-factor=4')
}

/** Runs a bundle and gives what it exports. One bundle may require another: `./name.cjs`. */
function run(name) {
  const bundle = join(dist, `${name}.cjs`)
  if (!existsSync(bundle)) {
    process.stderr.write('sampan: not built yet; run "npm run build" in the repository first\n')
    process.exit(1)
  }
  if (name === 'with-server') setFlagsOfServer()
  const compiled = join(dist, `${name}.${process.version}.cache`)
  // Bundles are ASCII, which is read without decoding.
  const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(bundle, 'latin1')}\n})`
  const cachedData = existsSync(compiled) ? readFileSync(compiled) : undefined
  // A compiled form of another bundle or Node is refused by V8, which then compiles as usual.
  const script = new Script(source, { filename: bundle, ...(cachedData ? { cachedData } : {}) })
  if (process.env.SAMPAN_WRITE_COMPILED === name) {
    process.on('exit', () => writeFileSync(compiled, script.createCachedData()))
  }
  const program = { exports: {} }
  const requireOther = createRequire(bundle)
  const requireAny = (id) => (/^\.\/[\w-]+\.cjs$/.test(id) ? run(id.slice(2, -4)) : requireOther(id))
  script.runInThisContext()(program.exports, requireAny, program, bundle, dist)
  return program.exports
}

run(bundleFor(process.argv[1] ?? '', process.argv.slice(2)))
