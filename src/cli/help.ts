// The text of --help.

import type { Command } from './command.ts'

/** Help of one command, or of the program when `command` is undefined. */
export function helpText(commands: readonly Command[], command: Command | undefined, path: readonly string[]): string {
  const name = ['sampan', ...path].join(' ')
  const children = (command ? command.children : commands)?.filter((c) => !c.hidden) ?? []
  const lines = [command ? command.summary : 'Kubernetes, whole, in one package.', '']
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
