// The text of --help.

import type { Command, Named } from './command.ts'

/** Help of one command, called by `path`. */
export function commandHelp(command: Command, summary: string, path: readonly string[]): string {
  return helpText(['sampan', ...path].join(' '), summary, command, command.children ?? [])
}

/** Help of the program. */
export function programHelp(commands: readonly Named[]): string {
  return helpText('sampan', 'Kubernetes, whole, in one package.', undefined, commands)
}

function helpText(name: string, summary: string, command: Command | undefined, below: readonly Named[]): string {
  const children = below.filter((c) => !c.hidden)
  const lines = [summary, '']
  lines.push(
    'Usage:',
    `  ${name}${children.length > 0 ? ' COMMAND' : ''}${command?.usage ? ` ${command.usage}` : ''}${command?.flags.length ? ' [flags]' : ''}`,
  )
  if (children.length > 0) {
    const width = Math.max(...children.map((c) => c.name.length))
    lines.push('', 'Commands:', ...children.map((c) => `  ${c.name.padEnd(width)}  ${c.summary}`))
  }
  const flags = command?.flags.filter((f) => !f.hidden) ?? []
  if (flags.length > 0) {
    const shown = flags.map(
      (f) => `${f.short ? `-${f.short}, ` : '    '}--${f.name}${f.type === 'boolean' ? '' : ' VALUE'}`,
    )
    const width = Math.max(...shown.map((s) => s.length))
    const describe = (i: number) => {
      const flag = flags[i]
      return `${flag?.description}${flag?.fallback ? ` (default ${JSON.stringify(flag.fallback)})` : ''}`
    }
    lines.push('', 'Flags:', ...shown.map((s, i) => `  ${s.padEnd(width)}  ${describe(i)}`))
  }
  return `${lines.join('\n')}\n`
}
