// sampan doctor: what this machine lacks for running containers, and how to get it.

import { findProgram, REQUIREMENTS } from '../../main/host.ts'
import type { Command } from '../command.ts'

export const doctor: Command = {
  usage: '',
  flags: [{ name: 'output', short: 'o', type: 'string', description: 'json for machines' }],
  async run(flags, env) {
    const checks = REQUIREMENTS.map((r) => ({ ...r, found: findProgram(r, env.env) ?? null }))
    const missing = checks.filter((c) => c.found === null && !c.optional)
    const root = process.getuid?.() === 0
    if (flags.string('output') === 'json') {
      const programs = checks.map(({ program, package: from, why, optional = false, found }) => ({
        program,
        package: from,
        why,
        optional,
        found,
      }))
      env.stdout.write(`${JSON.stringify({ root, programs }, null, 2)}\n`)
      return missing.length === 0 ? 0 : 1
    }
    const width = Math.max(...checks.map((c) => c.program.length))
    for (const check of checks) {
      const mark = check.found ? '✓' : check.optional ? '-' : '✗'
      const note =
        check.found ?? `missing: ${check.why}; Debian package ${check.package}${check.optional ? ' (optional)' : ''}`
      env.stdout.write(`${mark} ${check.program.padEnd(width)}  ${note}\n`)
    }
    env.stdout.write(`${root ? '✓ running as root' : '✗ not running as root: containers need it (sudo)'}\n`)
    if (missing.length > 0) {
      env.stdout.write(`\ninstall with: apt-get install ${[...new Set(missing.map((c) => c.package))].join(' ')}\n`)
    }
    return missing.length === 0 ? 0 : 1
  },
}
