// Macros: calls that stand for loops and presence tests. Spec: cel-spec langdef, and cel-go's ext.TwoVarComprehensions.

import { ACCUMULATOR, type Call, type Expr, type Fold } from './ast.ts'
import { ParseError } from './issues.ts'
import type { Value } from './values.ts'

type NewId = (at: number) => { id: number; at: number }

interface Macro {
  readonly counts: readonly number[]
  expand(call: Call, make: Maker): Expr | undefined
}

/** What a macro's call becomes; undefined for a call that is none. `bindings`: whether there is `cel.bind`. */
export function expandMacro(call: Call, newId: NewId, bindings = false): Expr | undefined {
  if (bindings && call.fn === 'bind' && call.args.length === 3) return celBind(call, new Maker(call.at, newId))
  const table = call.target ? RECEIVER : GLOBAL
  const macro = table.get(call.fn)
  if (!macro?.counts.includes(call.args.length)) return undefined
  return macro.expand(call, new Maker(call.at, newId))
}

class Maker {
  readonly #at: number
  readonly #newId: NewId

  constructor(at: number, newId: NewId) {
    this.#at = at
    this.#newId = newId
  }

  constant(value: Value): Expr {
    return { ...this.#newId(this.#at), kind: 'const', value }
  }

  ident(name: string): Expr {
    return { ...this.#newId(this.#at), kind: 'ident', name }
  }

  accumulator(): Expr {
    return this.ident(ACCUMULATOR)
  }

  call(fn: string, ...args: Expr[]): Expr {
    return { ...this.#newId(this.#at), kind: 'call', fn, target: undefined, args }
  }

  member(target: Expr, fn: string, ...args: Expr[]): Expr {
    return { ...this.#newId(this.#at), kind: 'call', fn, target, args }
  }

  list(...elements: Expr[]): Expr {
    return { ...this.#newId(this.#at), kind: 'list', elements, optional: [] }
  }

  map(): Expr {
    return { ...this.#newId(this.#at), kind: 'map', entries: [] }
  }

  present(operand: Expr, field: string): Expr {
    return { ...this.#newId(this.#at), kind: 'select', operand, field, test: true }
  }

  fold(parts: Omit<Fold, 'kind' | 'id' | 'at' | 'accuVar' | 'result'> & { accuVar?: string; result?: Expr }): Expr {
    const { accuVar = ACCUMULATOR, result = this.accumulator(), ...rest } = parts
    return { ...this.#newId(this.#at), kind: 'fold', ...rest, accuVar, result }
  }
}

function fail(expr: Expr, message: string): never {
  throw new ParseError([{ at: expr.at, message }])
}

function variable(expr: Expr | undefined, message = 'argument must be a simple name'): string {
  if (expr?.kind === 'ident' && !expr.name.startsWith('.')) {
    if (expr.name === '__result__' || expr.name === ACCUMULATOR) {
      fail(expr, 'iteration variable overwrites accumulator variable')
    }
    return expr.name
  }
  return fail(expr as Expr, message)
}

interface Loop {
  readonly range: Expr
  readonly iterVar: string
  readonly iterVar2: string | undefined
  /** The arguments after the variables. */
  readonly rest: readonly Expr[]
}

function loopOf(call: Call, variables: 1 | 2): Loop {
  const range = call.target as Expr
  const iterVar = variable(call.args[0])
  if (variables === 1) return { range, iterVar, iterVar2: undefined, rest: call.args.slice(1) }
  const iterVar2 = variable(call.args[1])
  if (iterVar === iterVar2) fail(call.args[1] as Expr, `duplicate variable name: ${iterVar}`)
  return { range, iterVar, iterVar2, rest: call.args.slice(2) }
}

type Build = (loop: Loop, make: Maker) => Expr

const all: Build = ({ rest: [test], ...loop }, m) =>
  m.fold({
    ...loop,
    init: m.constant(true),
    condition: m.call('@not_strictly_false', m.accumulator()),
    step: m.call('_&&_', m.accumulator(), test as Expr),
  })

const exists: Build = ({ rest: [test], ...loop }, m) =>
  m.fold({
    ...loop,
    init: m.constant(false),
    condition: m.call('@not_strictly_false', m.call('!_', m.accumulator())),
    step: m.call('_||_', m.accumulator(), test as Expr),
  })

const existsOne: Build = ({ rest: [test], ...loop }, m) =>
  m.fold({
    ...loop,
    init: m.constant(0n),
    condition: m.constant(true),
    step: m.call('_?_:_', test as Expr, m.call('_+_', m.accumulator(), m.constant(1n)), m.accumulator()),
    result: m.call('_==_', m.accumulator(), m.constant(1n)),
  })

function collect({ rest, ...loop }: Loop, m: Maker, init: Expr, add: (item: Expr) => Expr): Expr {
  const item = rest.at(-1) as Expr
  const step = add(item)
  const filtered = rest.length === 2 ? m.call('_?_:_', rest[0] as Expr, step, m.accumulator()) : step
  return m.fold({ ...loop, init, condition: m.constant(true), step: filtered })
}

const toList: Build = (loop, m) => collect(loop, m, m.list(), (item) => m.call('_+_', m.accumulator(), m.list(item)))

const filter: Build = ({ rest, ...loop }, m) => toList({ ...loop, rest: [rest[0] as Expr, m.ident(loop.iterVar)] }, m)

const toMap: Build = (loop, m) =>
  collect(loop, m, m.map(), (item) => m.call('cel.@mapInsert', m.accumulator(), m.ident(loop.iterVar), item))

const toMapEntries: Build = (loop, m) =>
  collect(loop, m, m.map(), (item) => m.call('cel.@mapInsert', m.accumulator(), item))

/** A macro of which forms with one and two variables differ in the number of arguments. */
function looping(build: Build, one: readonly number[], two: readonly number[]): Macro {
  return {
    counts: [...one, ...two],
    expand: (call, make) => build(loopOf(call, two.includes(call.args.length) ? 2 : 1), make),
  }
}

/** `name` bound to `value` within `body`. */
function bind(m: Maker, name: string, value: Expr, body: Expr): Expr {
  return m.fold({
    range: m.list(),
    iterVar: '#unused',
    iterVar2: undefined,
    accuVar: name,
    init: value,
    condition: m.constant(false),
    step: m.ident(name),
    result: body,
  })
}

function optMap(wrap: (m: Maker, body: Expr) => Expr): Macro {
  return {
    counts: [2],
    expand: (call, m) => {
      const target = call.target as Expr
      const name = variable(call.args[0], 'optMap() variable name must be a simple identifier')
      const body = bind(m, name, m.member(target, 'value'), call.args[1] as Expr)
      return m.call('_?_:_', m.member(target, 'hasValue'), wrap(m, body), m.call('optional.none'))
    },
  }
}

/** `cel.bind(name, value, body)`. Spec: cel-go's ext.Bindings. */
function celBind({ target, args }: Call, m: Maker): Expr | undefined {
  if (target?.kind !== 'ident' || target.name !== 'cel') return undefined
  const [name, value, body] = args as [Expr, Expr, Expr]
  if (name.kind !== 'ident') return fail(name, 'cel.bind() variable names must be simple identifiers')
  return bind(m, name.name, value, body)
}

const sortBy: Macro = {
  counts: [2],
  expand: (call, m) => {
    const target = call.target as Expr
    const name = '@__sortBy_input__'
    const iterVar = variable(call.args[0])
    const input = m.ident(name)
    const keys = toList({ range: m.ident(name), iterVar, iterVar2: undefined, rest: [call.args[1] as Expr] }, m)
    return bind(m, name, target, m.member(input, '@sortByAssociatedKeys', keys))
  },
}

const RECEIVER: ReadonlyMap<string, Macro> = new Map<string, Macro>([
  ['all', looping(all, [2], [3])],
  ['exists', looping(exists, [2], [3])],
  ['exists_one', looping(existsOne, [2], [3])],
  ['existsOne', looping(existsOne, [2], [3])],
  ['map', looping(toList, [2, 3], [])],
  ['filter', looping(filter, [2], [])],
  ['transformList', looping(toList, [], [3, 4])],
  ['transformMap', looping(toMap, [], [3, 4])],
  ['transformMapEntry', looping(toMapEntries, [], [3, 4])],
  ['optMap', optMap((m, body) => m.call('optional.of', body))],
  ['optFlatMap', optMap((_, body) => body)],
  ['sortBy', sortBy],
])

const GLOBAL: ReadonlyMap<string, Macro> = new Map<string, Macro>([
  [
    'has',
    {
      counts: [1],
      expand: ({ args: [arg] }, m) =>
        arg?.kind === 'select'
          ? m.present(arg.operand, arg.field)
          : fail(arg as Expr, 'invalid argument to has() macro'),
    },
  ],
])
