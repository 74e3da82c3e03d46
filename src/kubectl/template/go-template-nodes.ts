// The tree of a Go template, and how its parts are written in messages.

import { quote } from '../../machinery/go/format.ts'
import type { GoFloat } from '../../machinery/go/value.ts'

/** An operand of a command. */
export type Operand =
  | { readonly type: 'dot' | 'nil'; readonly at: number }
  | { readonly type: 'bool'; readonly at: number; readonly value: boolean }
  | { readonly type: 'number'; readonly at: number; readonly text: string; readonly value: bigint | GoFloat }
  | { readonly type: 'string'; readonly at: number; readonly literal: string; readonly value: string }
  | { readonly type: 'field'; readonly at: number; readonly names: readonly string[] }
  | { readonly type: 'variable'; readonly at: number; readonly name: string; readonly names: readonly string[] }
  | { readonly type: 'chain'; readonly at: number; readonly base: Operand; readonly names: readonly string[] }
  | { readonly type: 'identifier'; readonly at: number; readonly name: string }
  | Pipeline

/** A function or value with its arguments. */
export interface Command {
  readonly type: 'command'
  readonly at: number
  readonly args: Operand[]
}

/** Commands that hand their values on, and the variables that receive the last. */
export interface Pipeline {
  readonly type: 'pipeline'
  readonly at: number
  readonly variables: string[]
  readonly assigns: boolean
  readonly commands: Command[]
}

/** `if`, `with` and `range`. */
export interface Branch {
  readonly type: 'if' | 'with' | 'range'
  readonly at: number
  readonly pipeline: Pipeline
  readonly body: Statement[]
  readonly otherwise: Statement[] | undefined
}

/** One piece of a template. */
export type Statement =
  | { readonly type: 'text'; readonly at: number; readonly text: string }
  | { readonly type: 'action'; readonly at: number; readonly pipeline: Pipeline }
  | Branch
  | { readonly type: 'template'; readonly at: number; readonly name: string; readonly pipeline: Pipeline | undefined }
  | { readonly type: 'break' | 'continue'; readonly at: number }

/** The part as it is written in a template. */
export function show(node: Operand | Command | Pipeline): string {
  switch (node.type) {
    case 'dot':
      return '.'
    case 'nil':
      return 'nil'
    case 'bool':
      return String(node.value)
    case 'number':
      return node.text
    case 'string':
      return node.literal
    case 'field':
      return node.names.map((name) => `.${name}`).join('')
    case 'variable':
      return [node.name, ...node.names].join('.')
    case 'chain': {
      const base = node.base.type === 'pipeline' ? `(${show(node.base)})` : show(node.base)
      return base + node.names.map((name) => `.${name}`).join('')
    }
    case 'identifier':
      return node.name
    case 'command':
      return node.args.map((arg) => (arg.type === 'pipeline' ? `(${show(arg)})` : show(arg))).join(' ')
    case 'pipeline': {
      const receiver = node.variables.length > 0 ? `${node.variables.join(', ')} ${node.assigns ? '=' : ':='} ` : ''
      return receiver + node.commands.map(show).join(' | ')
    }
  }
}

/** The statement as messages show it. */
export function showStatement(node: Statement): string {
  switch (node.type) {
    case 'text':
      return node.text
    case 'action':
      return `{{${show(node.pipeline)}}}`
    case 'template':
      return `{{template ${quote(node.name)}${node.pipeline ? ` ${show(node.pipeline)}` : ''}}}`
    case 'break':
    case 'continue':
      return `{{${node.type}}}`
    default: {
      const otherwise = node.otherwise ? `{{else}}${node.otherwise.map(showStatement).join('')}` : ''
      return `{{${node.type} ${show(node.pipeline)}}}${node.body.map(showStatement).join('')}${otherwise}{{end}}`
    }
  }
}
