import { expect, test } from 'vitest'
import type { Ast, Expr } from './ast.ts'
import { formatIssues, ParseError } from './issues.ts'
import { parse } from './parser.ts'
import { print } from './print.ts'

function problem(source: string): string {
  try {
    parse(source)
    return ''
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    return formatIssues(source, error.issues)
  }
}

test.each([
  ['1 +', "ERROR: <input>:1:4: Syntax error: mismatched input '<EOF>' expecting"],
  ['1 2', "ERROR: <input>:1:3: Syntax error: extraneous input '2' expecting <EOF>"],
  ['(1', "ERROR: <input>:1:3: Syntax error: mismatched input '<EOF>' expecting ')'"],
  ['a.', "ERROR: <input>:1:3: Syntax error: no viable alternative at input '.'"],
  ['a @ b', "ERROR: <input>:1:3: Syntax error: token recognition error at: '@'"],
  ["'abc", "ERROR: <input>:1:1: Syntax error: token recognition error at: ''abc'"],
  ["'\\q'", 'token recognition error'],
  ['9223372036854775808', 'ERROR: <input>:1:1: invalid int literal'],
  ['18446744073709551616u', 'ERROR: <input>:1:1: invalid uint literal'],
  ['1e999', 'ERROR: <input>:1:1: invalid double literal'],
  ['for', 'ERROR: <input>:1:1: reserved identifier: for'],
  ['has(a)', 'invalid argument to has() macro'],
  ['[1].all(1, true)', 'argument must be a simple name'],
  ['[1].all(a.b, true)', 'argument must be a simple name'],
  ['[1].all(a, a, true)', 'duplicate variable name: a'],
  ['[1].all(__result__, true)', 'iteration variable overwrites accumulator variable'],
  ['a == \n b +', 'ERROR: <input>:2:5: Syntax error'],
])('%s', (source, message) => {
  expect(problem(source)).toContain(message)
})

test('a problem shows its line and a caret', () => {
  expect(problem('a &&\n  b @')).toBe(
    "ERROR: <input>:2:5: Syntax error: token recognition error at: '@'\n |   b @\n | ....^",
  )
})

test('sources that are too long or too deep are refused', () => {
  expect(problem('1'.repeat(100_001))).toContain('expression code point size exceeds limit: size: 100001, limit 100000')
  expect(problem(`${'('.repeat(300)}1${')'.repeat(300)}`)).toContain('expression recursion limit exceeded: 250')
  expect(problem('['.repeat(5000))).toContain('expression recursion limit exceeded: 250')
  expect(problem(`1${' + 1'.repeat(5000)}`)).toContain('expression recursion limit exceeded: 250')
  expect(problem(`-${'-!'.repeat(2000)}1`)).toContain('expression recursion limit exceeded: 250')
  expect(problem(`true${' && true'.repeat(10_000)}`)).toBe('')
})

/** A small generator of its own, so that failures come back. */
function generator(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return (state >>> 8) % below
  }
}

const LEAVES = ['a', 'b.c', '1', '-1', '1u', '1.5', '-2.0', 'true', 'null', "'x\\n\"'", 'b"\\xff"', '[]', '{}', 'T{}']
const FORMS: readonly ((x: () => string) => string)[] = [
  ...['||', '&&', '<', '<=', '>', '>=', '==', '!=', 'in', '+', '-', '*', '/', '%'].map(
    (operator) => (x: () => string) => `${x()} ${operator} ${x()}`,
  ),
  (x) => `(${x()})`,
  (x) => `!(${x()})`,
  (x) => `-(${x()})`,
  (x) => `(${x()}) ? (${x()}) : ${x()}`,
  (x) => `(${x()}).f`,
  (x) => `(${x()}).?f`,
  (x) => `(${x()})[${x()}]`,
  (x) => `(${x()})[?${x()}]`,
  (x) => `f(${x()}, ${x()})`,
  (x) => `(${x()}).m(${x()})`,
  (x) => `[${x()}, ?${x()}]`,
  (x) => `{${x()}: ${x()}, ?${x()}: ${x()}}`,
  (x) => `a.T{f: ${x()}, ?g: ${x()}}`,
  (x) => `(${x()}).all(v, ${x()})`,
]

function random(next: (below: number) => number, depth: number): string {
  if (depth === 0 || next(4) === 0) return LEAVES[next(LEAVES.length)] ?? 'a'
  return FORMS[next(FORMS.length)]?.(() => random(next, depth - 1)) ?? 'a'
}

/** The terms of a chain of logic, which are balanced when they are parsed. */
function terms(expr: Expr, fn: string): unknown[] {
  return expr.kind === 'call' && expr.fn === fn ? expr.args.flatMap((arg) => terms(arg, fn)) : [expr]
}

/** The tree without what tells where and when its nodes were made. */
function shape(expr: Expr): string {
  const plain = (key: string, value: unknown): unknown => {
    if (key === 'id' || key === 'at') return undefined
    const fn = typeof value === 'object' && value !== null && 'fn' in value ? value.fn : undefined
    if (fn === '_||_' || fn === '_&&_') return { fn, terms: terms(value as Expr, fn) }
    if (typeof value === 'bigint') return `${value}n`
    return Object.is(value, -0) ? '-0' : value
  }
  return JSON.stringify(expr, plain)
}

test('what is printed parses to the same tree', () => {
  const raw = (source: string): Ast => parse(source, { keepMacros: true })
  for (let seed = 1; seed <= 2000; seed++) {
    const source = random(generator(seed * 7919), 5)
    const { expr } = raw(source)
    const printed = print(expr)
    expect(shape(raw(printed).expr), `${source}\n${printed}`).toBe(shape(expr))
  }
})
