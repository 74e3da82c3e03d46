// What is wrong with the expressions that select devices. Model: k8s.io/dynamic-resource-allocation/cel.

import {
  ANY,
  BOOL,
  compile,
  compileProblem,
  makeEnv,
  mapType,
  QUANTITY,
  STRING,
  structType,
  type Type,
  type TypeProvider,
  typeText,
} from '../../../machinery/cel/index.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'

const MAX_LENGTH = 10 * 1024
const MAX_COST = 1_000_000
/** How many attributes and capacities a device has at most, and how long their parts are. */
const MAX_IDS = 32
const MAX_DRIVER = 63
const MAX_DOMAIN = 63
const MAX_ID = 32
const MAX_VALUE = 64

const DEVICE = structType('kubernetes.DRADevice')
const FIELDS: Readonly<Record<string, Type>> = {
  driver: STRING,
  allowMultipleAllocations: BOOL,
  attributes: mapType(STRING, mapType(STRING, ANY)),
  capacity: mapType(STRING, mapType(STRING, QUANTITY)),
}
const TYPES: TypeProvider = {
  constructs: () => false,
  fieldType: (name, field) => (name === DEVICE.name ? FIELDS[field] : undefined),
  construct(name) {
    throw new Error(`nothing makes ${JSON.stringify(name)}`)
  },
}
const ENV = makeEnv({ variables: { device: DEVICE }, types: TYPES, bindings: true })

/** How large parts of a device are at most. */
interface Size {
  readonly max: number
  readonly key?: Size
  readonly element?: Size
  readonly fields?: Readonly<Record<string, Size>>
  /** What every name stands for, whichever it is. */
  readonly any?: Size
}
const value: Size = { max: MAX_VALUE }
const ids = (element: Size): Size => ({ max: MAX_IDS, key: { max: MAX_ID }, element })
const domains = (element: Size): Size => ({ max: MAX_IDS, key: { max: MAX_DOMAIN }, element })
const SIZES: Size = {
  max: 0,
  fields: {
    driver: { max: MAX_DRIVER },
    allowMultipleAllocations: { max: 1 },
    attributes: domains({ ...ids(value), any: value }),
    capacity: domains(ids({ max: 0 })),
  },
}

function sizeOf([variable, ...path]: readonly string[]) {
  let at: Size | undefined = variable === 'device' ? SIZES : undefined
  for (const part of path) {
    if (part === '@items' || part === '@values') at = at?.element
    else at = part === '@keys' ? at?.key : (at?.fields?.[part] ?? at?.any)
  }
  return at && { min: 0, max: at.max }
}

/** Problems of an expression, which comes to a boolean, or to an attribute of which nothing is known. */
export function expressionProblems(path: string, expression: string): FieldError[] {
  if (Buffer.byteLength(expression) > MAX_LENGTH) return [field.tooLong(path, MAX_LENGTH)]
  const compiled = compile(ENV, expression, { sizes: sizeOf })
  if (compiled.issues !== undefined) return [field.invalid(path, expression, compileProblem(compiled))]
  const { program, cost } = compiled
  const { result } = program
  if (result !== BOOL && result !== ANY) {
    const why = `must evaluate to bool or the unknown type, not ${typeText(result)}`
    return [field.invalid(path, expression, why)]
  }
  return cost.max > MAX_COST ? [field.forbidden(path, 'too complex, exceeds cost limit')] : []
}
