// Writes a syntax tree as source again, with all parentheses that matter.

import type { Expr } from './ast.ts'
import { quote } from './lib/strings.ts'
import { Uint, type Value } from './values.ts'

const BINARY: Readonly<Record<string, readonly [operator: string, precedence: number]>> = {
  '_||_': ['||', 1],
  '_&&_': ['&&', 2],
  '_<_': ['<', 3],
  '_<=_': ['<=', 3],
  '_>_': ['>', 3],
  '_>=_': ['>=', 3],
  '_==_': ['==', 3],
  '_!=_': ['!=', 3],
  '@in': ['in', 3],
  '_+_': ['+', 4],
  '_-_': ['-', 4],
  '_*_': ['*', 5],
  '_/_': ['/', 5],
  '_%_': ['%', 5],
}
const UNARY = 6
const MEMBER = 7

/** The source of a tree whose macros were kept. */
export function print(expr: Expr): string {
  switch (expr.kind) {
    case 'const':
      return printConstant(expr.value)
    case 'ident':
      return expr.name
    case 'select':
      return `${within(expr.operand, MEMBER)}.${expr.field}`
    case 'call':
      return printCall(expr.fn, expr.target, expr.args)
    case 'list': {
      const items = expr.elements.map((item, i) => `${expr.optional.includes(i) ? '?' : ''}${print(item)}`)
      return `[${items.join(', ')}]`
    }
    case 'map': {
      const entries = expr.entries.map(
        ({ key, value, optional }) => `${optional ? '?' : ''}${print(key)}: ${print(value)}`,
      )
      return `{${entries.join(', ')}}`
    }
    case 'struct': {
      const fields = expr.fields.map(({ name, value, optional }) => `${optional ? '?' : ''}${name}: ${print(value)}`)
      return `${expr.name}{${fields.join(', ')}}`
    }
    case 'fold':
      throw new Error('loops have no source of their own')
  }
}

function printCall(fn: string, target: Expr | undefined, args: readonly Expr[]): string {
  const [first, second, third] = args
  if (!target && first) {
    const binary = BINARY[fn]
    if (binary && second) {
      const [operator, precedence] = binary
      // Chains of logic are balanced when they are parsed: their parentheses mean nothing.
      const right = fn === '_||_' || fn === '_&&_' ? precedence : precedence + 1
      return `${within(first, precedence)} ${operator} ${within(second, right)}`
    }
    if (fn === '_?_:_' && second && third) return `${within(first, 1)} ? ${within(second, 1)} : ${print(third)}`
    if (fn === '!_') return `!${within(first, MEMBER)}`
    if (fn === '-_') return negated(within(first, MEMBER))
    if (fn === '_[_]' && second) return `${within(first, MEMBER)}[${print(second)}]`
    if (fn === '_[?_]' && second) return `${within(first, MEMBER)}[?${print(second)}]`
    if (fn === '_?._' && second?.kind === 'const') return `${within(first, MEMBER)}.?${String(second.value)}`
  }
  const list = args.map(print).join(', ')
  return target ? `${within(target, MEMBER)}.${fn}(${list})` : `${fn}(${list})`
}

/** A sign right before a number would belong to the number. */
const negated = (text: string) => (/^[-.\d]/.test(text) ? `-(${text})` : `-${text}`)

const isNumber = (expr: Expr) =>
  expr.kind === 'const' && (typeof expr.value === 'number' || typeof expr.value === 'bigint')

function within(expr: Expr, least: number): string {
  const text = print(expr)
  return precedenceOf(expr) < least ? `(${text})` : text
}

function precedenceOf(expr: Expr): number {
  if (isNumber(expr)) return expr.kind === 'const' && Number(expr.value) < 0 ? UNARY : MEMBER
  if (expr.kind !== 'call' || expr.target) return MEMBER
  if (expr.fn === '_?_:_') return 0
  if (expr.fn === '!_' || expr.fn === '-_') return UNARY
  return BINARY[expr.fn]?.[1] ?? MEMBER
}

function printConstant(value: Value): string {
  if (typeof value === 'string') return quote(value)
  if (typeof value === 'number') {
    const text = String(value)
    return /[.e]/.test(text) ? text : `${text}.0`
  }
  if (value instanceof Uint) return `${value.value}u`
  if (value instanceof Uint8Array) {
    return `b"${[...value].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}"`
  }
  return String(value)
}
