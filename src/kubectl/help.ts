// The texts of --help.

import type { CommandEntry, KubectlCommand } from './command.ts'
import type { Flag } from './flags.ts'

/** Help of one command. */
export function helpText(command: KubectlCommand, path: string): string {
  const parts = [`${command.long ?? `${command.short}.`}\n`]
  if (command.aliases?.length) parts.push(`Aliases:\n${[command.name, ...command.aliases].join(', ')}\n`)
  if (command.examples)
    parts.push(`Examples:\n${indent(command.examples.replaceAll('kubectl ', `${path.split(' ')[0]} `))}\n`)
  const children = (command.children ?? []).filter((c) => !c.hidden)
  if (children.length > 0) parts.push(`Available Commands:\n${nameTable(children)}`)
  const flags = command.flags.filter((f) => !f.hidden)
  if (flags.length > 0)
    parts.push(
      `Options:\n${flags
        .toSorted((a, b) => (a.name < b.name ? -1 : 1))
        .map(flagText)
        .join('\n\n')}\n`,
    )
  const usage = command.run ? `${path}${command.usage ? ` ${command.usage}` : ''}` : `${path} [flags] [options]`
  parts.push(`Usage:\n  ${usage}\n`)
  if (children.length > 0) {
    parts.push(`Use "${path} <command> --help" for more information about a given command.`)
  }
  const program = path.split(' ')[0]
  const tail = `Use "${program} options" for a list of global command-line options (applies to all commands).\n`
  return `${parts.join('\n')}\n${tail}`
}

/** Help of the program. */
export function programHelp(entries: readonly CommandEntry[], program: string): string {
  const groups = new Map<string, CommandEntry[]>()
  for (const entry of entries) {
    if (entry.group) groups.set(entry.group, [...(groups.get(entry.group) ?? []), entry])
  }
  const sections = [...groups].map(([title, list]) => `${title}\n${nameTable(list)}`)
  return `${program} controls the Kubernetes cluster manager.

 Find more information at: https://kubernetes.io/docs/reference/kubectl/

${sections.join('\n')}
Usage:
  ${program} [flags] [options]

Use "${program} <command> --help" for more information about a given command.
Use "${program} options" for a list of global command-line options (applies to all commands).
`
}

function nameTable(list: readonly { name: string; short: string }[]): string {
  const width = Math.max(...list.map((c) => c.name.length))
  return list.map((c) => `  ${c.name.padEnd(width)}   ${c.short}\n`).join('')
}

/** One flag as kubectl shows it: `-o, --output='':` and the description below. */
export function flagText(flag: Flag): string {
  const short = flag.short ? `-${flag.short}, ` : ''
  return `    ${short}--${flag.name}=${shownDefault(flag)}:\n\t${flag.description}`
}

function shownDefault(flag: Flag): string {
  switch (flag.type) {
    case 'string':
      return `'${flag.fallback ?? ''}'`
    case 'boolean':
      return flag.fallback ?? 'false'
    case 'strings':
    case 'slice':
      return `[${flag.fallback ?? ''}]`
    case 'int':
      return flag.fallback ?? '0'
    case 'duration':
      return flag.fallback ?? '0s'
  }
}

const indent = (text: string) =>
  text
    .split('\n')
    .map((line) => (line === '' ? '' : `  ${line}`))
    .join('\n')

const NEAR = 2

/** Names that are close to what was typed. */
export function suggestions(entries: readonly CommandEntry[], typed: string): string[] {
  return entries.map((e) => e.name).filter((name) => distance(typed, name) <= NEAR || name.startsWith(typed))
}

/** Levenshtein's distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, change))
    }
    row = next
  }
  return row[b.length] ?? 0
}
