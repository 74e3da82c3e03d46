// Gives every part of an expression a type, and finds what each name and call refers to. Model: cel-go's checker.

import { type Ast, type Call, type Expr, type Fold, qualifiedName, type Select, type StructLiteral } from './ast.ts'
import type { Env } from './env.ts'
import type { Overload } from './functions.ts'
import type { Issue } from './issues.ts'
import { regexProblem } from './lib/regex.ts'
import { parseDuration, parseTimestamp } from './lib/time.ts'
import { mixedLiterals } from './mixed-literals.ts'
import { formatProblems } from './string-formats.ts'
import {
  ANY,
  BOOL,
  BYTES,
  DOUBLE,
  DYN,
  ERROR,
  formatType,
  INT,
  isOptional,
  listType,
  mapType,
  NULL,
  optionalType,
  paramType,
  STRING,
  structType,
  TYPE_NAMES,
  type Type,
  typeType,
  UINT,
} from './types.ts'
import { assignable, type Bindings, moreGeneral, substitute } from './unify.ts'
import { Uint, type Value } from './values.ts'

/** What a name or call refers to. */
export type Reference =
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'type'; readonly type: Type }
  /** `global` when a call on a target is one of a function with a dotted name. */
  | { readonly kind: 'call'; readonly fn: string; readonly overloads: readonly Overload[]; readonly global: boolean }

/** A checked expression. */
export interface Checked {
  readonly ast: Ast
  /** Types by the ids of nodes. */
  readonly types: readonly (Type | undefined)[]
  readonly references: ReadonlyMap<number, Reference>
  readonly result: Type
}

/** Checks an expression against an environment. */
export function check(ast: Ast, env: Env): Checked | { readonly issues: readonly Issue[] } {
  const checker = new Checker(ast, env)
  return checker.run()
}

const MAX_ISSUES = 100

class Checker {
  readonly #ast: Ast
  readonly #env: Env
  readonly #types: (Type | undefined)[] = []
  readonly #references = new Map<number, Reference>()
  readonly #issues: Issue[] = []
  readonly #bindings: Bindings = new Map()
  readonly #scopes: Map<string, Type>[] = []
  #fresh = 0

  constructor(ast: Ast, env: Env) {
    this.#ast = ast
    this.#env = env
  }

  run(): Checked | { issues: readonly Issue[] } {
    this.#check(this.#ast.expr)
    if (this.#issues.length > 0) return { issues: this.#issues }
    const types = this.#types.map((type) => type && substitute(this.#bindings, type, true))
    const odd = [...mixedLiterals(this.#ast.expr, types), ...formatProblems(this.#ast.expr, types)]
    if (odd.length > 0) return { issues: odd }
    const result = types[this.#ast.expr.id] ?? DYN
    return { ast: this.#ast, types, references: this.#references, result }
  }

  #report(expr: { at: number }, message: string): Type {
    if (this.#issues.length < MAX_ISSUES) this.#issues.push({ at: expr.at, message })
    return ERROR
  }

  #check(expr: Expr): Type {
    const type = this.#typeOf(expr)
    this.#types[expr.id] = type
    return type
  }

  #typeOf(expr: Expr): Type {
    switch (expr.kind) {
      case 'const':
        return typeOfConstant(expr.value)
      case 'ident':
        return this.#name(expr.id, expr.name) ?? this.#undeclared(expr, expr.name)
      case 'select':
        return this.#select(expr)
      case 'call':
        return this.#call(expr)
      case 'list': {
        const element = this.#join(
          expr.elements.map((item, i) => [item, this.#element(item, expr.optional.includes(i))] as const),
        )
        return listType(element)
      }
      case 'map': {
        const keys = expr.entries.map(({ key }) => [key, this.#check(key)] as const)
        const values = expr.entries.map(({ value, optional }) => [value, this.#element(value, optional)] as const)
        return mapType(this.#join(keys), this.#join(values))
      }
      case 'struct':
        return this.#struct(expr)
      case 'fold':
        return this.#fold(expr)
    }
  }

  #undeclared(expr: Expr, name: string): Type {
    return this.#report(expr, `undeclared reference to '${name}' (in container '')`)
  }

  /** The type of a variable, or of a type's name; notes what it refers to. */
  #name(id: number, dotted: string): Type | undefined {
    const name = dotted.replace(/^\./, '')
    if (name === dotted) {
      for (let i = this.#scopes.length - 1; i >= 0; i--) {
        const type = this.#scopes[i]?.get(name)
        if (type) return type
      }
    }
    const variable = this.#env.variables.get(name)
    if (variable) {
      this.#references.set(id, { kind: 'variable', name })
      return variable
    }
    const type = TYPE_NAMES.get(name) ?? (this.#env.types?.constructs(name) ? structType(name) : undefined)
    if (!type) return undefined
    this.#references.set(id, { kind: 'type', type })
    return typeType(type)
  }

  #select(expr: Select): Type {
    const dotted = expr.test ? undefined : qualifiedName(expr)
    if (dotted !== undefined && !this.#isLocal(dotted)) {
      const type = this.#name(expr.id, dotted)
      if (type) return type
    }
    const operand = substitute(this.#bindings, this.#check(expr.operand))
    const type = this.#field(expr, operand, expr.field)
    return expr.test ? BOOL : type
  }

  #isLocal(dotted: string): boolean {
    const [first = ''] = dotted.split('.')
    return this.#scopes.some((scope) => scope.has(first))
  }

  #field(expr: Expr, target: Type, field: string): Type {
    if (isOptional(target)) {
      const inner = this.#field(expr, substitute(this.#bindings, target.params[0] ?? DYN), field)
      return isOptional(inner) ? inner : optionalType(inner)
    }
    switch (target.kind) {
      case 'dyn':
      case 'error':
        return target.kind === 'error' ? ERROR : DYN
      case 'param':
        return DYN
      case 'map':
        return target.params[1] ?? DYN
      case 'struct':
        return this.#env.types?.fieldType(target.name, field) ?? this.#report(expr, `undefined field '${field}'`)
      default:
        return this.#report(expr, `type '${formatType(target)}' does not support field selection`)
    }
  }

  #element(expr: Expr, optional: boolean): Type {
    const type = substitute(this.#bindings, this.#check(expr))
    if (!optional || type.kind === 'dyn' || type.kind === 'error') return type
    if (isOptional(type)) return type.params[0] ?? DYN
    return this.#mismatch(expr, optionalType(type), type)
  }

  #mismatch(expr: Expr, expected: Type, found: Type): Type {
    const [a, b] = [this.#format(expected), this.#format(found)]
    return this.#report(expr, `expected type '${a}' but found '${b}'`)
  }

  #format(type: Type): string {
    return formatType(substitute(this.#bindings, type))
  }

  /** The one type of all elements. */
  #join(elements: readonly (readonly [Expr, Type])[]): Type {
    const [first, ...rest] = elements
    if (!first) return this.#freshParameter()
    let type = first[1]
    for (const [, next] of rest) {
      if (assignable(this.#bindings, [next], [type])) type = moreGeneral(type, next)
      else return DYN
    }
    return type
  }

  #freshParameter(): Type {
    return paramType(`_var${this.#fresh++}`)
  }

  #struct(expr: StructLiteral): Type {
    const { types } = this.#env
    const name = expr.name.replace(/^\./, '')
    if (!types?.constructs(name)) {
      for (const { value } of expr.fields) this.#check(value)
      return this.#undeclared(expr, name)
    }
    for (const field of expr.fields) {
      const wanted = types.fieldType(name, field.name)
      const type = this.#element(field.value, field.optional)
      if (!wanted) {
        this.#report(field, `undefined field '${field.name}'`)
      } else if (!assignable(this.#bindings, [type], [wanted])) {
        const [a, b] = [this.#format(wanted), this.#format(type)]
        this.#report(field, `expected type of field '${field.name}' is '${a}' but provided type is '${b}'`)
      }
    }
    return structType(name)
  }

  #call(expr: Call): Type {
    if (expr.fn === '_?._') return this.#optionalSelect(expr)
    const prefix = expr.target && qualifiedName(expr.target)
    if (prefix !== undefined && !this.#isLocal(prefix)) {
      const dotted = `${prefix}.${expr.fn}`.replace(/^\./, '')
      if (this.#env.functions.has(dotted)) return this.#resolve(expr, dotted, expr.args, false, true)
    }
    const name = expr.fn.replace(/^\./, '')
    const args = expr.target ? [expr.target, ...expr.args] : expr.args
    return this.#resolve(expr, name, args, expr.target !== undefined, false)
  }

  #resolve(expr: Call, fn: string, args: readonly Expr[], member: boolean, global: boolean): Type {
    const types = args.map((arg) => this.#check(arg))
    const declared = LOGIC[fn] ?? this.#env.functions.get(fn)
    if (!declared) return this.#undeclared(expr, fn)
    this.#checkLiteral(fn, args, member)
    if (types.some((type) => type.kind === 'error')) return ERROR
    if (fn === '_&&_' || fn === '_||_') return this.#logic(expr, { fn, args, types, overloads: declared, global })
    const overloads: Overload[] = []
    let result: Type | undefined
    for (const overload of declared) {
      if (overload.member !== member) continue
      const { params, result: made } = this.#instantiate(overload)
      if (!assignable(this.#bindings, types, params)) continue
      overloads.push(overload)
      const type = substitute(this.#bindings, made)
      if (result === undefined) result = type
      else if (formatType(result) !== formatType(type)) result = DYN
    }
    if (!result) {
      const formatted = types.map((type) => this.#format(type))
      const shown = member ? `${formatted[0]}.(${formatted.slice(1).join(', ')})` : `(${formatted.join(', ')})`
      return this.#report(expr, `found no matching overload for '${fn}' applied to '${shown}'`)
    }
    this.#references.set(expr.id, { kind: 'call', fn, overloads, global })
    return result
  }

  /** Each side of `&&` and `||` is judged for itself. */
  #logic(
    expr: Call,
    given: {
      fn: string
      args: readonly Expr[]
      types: readonly Type[]
      overloads: readonly Overload[]
      global: boolean
    },
  ): Type {
    const { fn, args, types, overloads, global } = given
    const wrong = args.filter((arg, i) => {
      const type = types[i] ?? ERROR
      if (assignable(this.#bindings, [type], [BOOL])) return false
      this.#mismatch(arg, BOOL, type)
      return true
    })
    if (wrong.length > 0) return ERROR
    this.#references.set(expr.id, { kind: 'call', fn, overloads, global })
    return BOOL
  }

  /** The overload with parameters of its own, so that calls do not share them. */
  #instantiate({ params, result }: Overload): { params: readonly Type[]; result: Type } {
    const own: Bindings = new Map()
    const rename = (type: Type): Type => {
      if (type.kind === 'param') {
        const known = own.get(type.name) ?? this.#freshParameter()
        own.set(type.name, known)
        return known
      }
      return type.params.length === 0 ? type : { ...type, params: type.params.map(rename) }
    }
    return { params: params.map(rename), result: rename(result) }
  }

  /** Literals that can never be what they are given as. */
  #checkLiteral(fn: string, args: readonly Expr[], member: boolean): void {
    const literal = fn === 'matches' ? args[1] : member ? undefined : args[0]
    if (literal?.kind !== 'const' || typeof literal.value !== 'string') return
    const { value } = literal
    const wrong =
      (fn === 'matches' && regexProblem(value) !== undefined) ||
      (fn === 'duration' && parseDuration(value) === undefined) ||
      (fn === 'timestamp' && parseTimestamp(value) === undefined)
    if (wrong) this.#report(literal, `invalid ${fn} argument`)
  }

  #optionalSelect(expr: Call): Type {
    const [operand, field] = expr.args
    if (!operand || field?.kind !== 'const' || typeof field.value !== 'string') {
      return this.#report(expr, 'unsupported optional field selection')
    }
    this.#check(field)
    const target = substitute(this.#bindings, this.#check(operand))
    const type = this.#field(expr, target, field.value)
    this.#references.set(expr.id, { kind: 'call', fn: '_?._', overloads: [], global: false })
    if (type.kind === 'error') return ERROR
    return isOptional(type) && isOptional(target) ? type : optionalType(type)
  }

  #fold(expr: Fold): Type {
    const range = substitute(this.#bindings, this.#check(expr.range))
    const accumulator = this.#check(expr.init)
    const variables = this.#iterationTypes(expr, range)
    this.#scopes.push(new Map([[expr.accuVar, accumulator]]))
    this.#scopes.push(new Map(variables))
    this.#expect(expr.condition, BOOL)
    this.#expect(expr.step, accumulator)
    this.#scopes.pop()
    const result = this.#check(expr.result)
    this.#scopes.pop()
    return substitute(this.#bindings, result)
  }

  #expect(expr: Expr, wanted: Type): void {
    const type = this.#check(expr)
    if (!assignable(this.#bindings, [type], [wanted])) this.#mismatch(expr, wanted, type)
  }

  #iterationTypes({ range: expr, iterVar, iterVar2 }: Fold, range: Type): [string, Type][] {
    const two = (first: Type, second: Type): [string, Type][] =>
      iterVar2 === undefined
        ? []
        : [
            [iterVar, first],
            [iterVar2, second],
          ]
    switch (range === ANY ? 'any' : range.kind) {
      case 'list': {
        const element = range.params[0] ?? DYN
        return iterVar2 === undefined ? [[iterVar, element]] : two(INT, element)
      }
      case 'map': {
        const [key = DYN, value = DYN] = range.params
        return iterVar2 === undefined ? [[iterVar, key]] : two(key, value)
      }
      case 'dyn':
      case 'error':
      case 'param':
        return iterVar2 === undefined ? [[iterVar, DYN]] : two(DYN, DYN)
      default: {
        const shown = formatType(range)
        const message = `expression of type '${shown}' cannot be range of a comprehension (must be list, map, or dynamic)`
        this.#report(expr, message)
        return iterVar2 === undefined ? [[iterVar, ERROR]] : two(ERROR, ERROR)
      }
    }
  }
}

const never = (): Value => {
  throw new Error('logic is not called as a function')
}
const A = paramType('A')
const logic = (id: string, params: readonly Type[], result: Type): readonly Overload[] => [
  { id, member: false, params, result, call: never },
]

/** Functions that do not evaluate all of their arguments. */
const LOGIC: Readonly<Record<string, readonly Overload[]>> = {
  '_&&_': logic('logical_and', [BOOL, BOOL], BOOL),
  '_||_': logic('logical_or', [BOOL, BOOL], BOOL),
  '_?_:_': logic('conditional', [BOOL, A, A], A),
  '@not_strictly_false': logic('not_strictly_false', [BOOL], BOOL),
}

function typeOfConstant(value: Value): Type {
  switch (typeof value) {
    case 'bigint':
      return INT
    case 'number':
      return DOUBLE
    case 'string':
      return STRING
    case 'boolean':
      return BOOL
  }
  if (value === null) return NULL
  return value instanceof Uint ? UINT : BYTES
}
