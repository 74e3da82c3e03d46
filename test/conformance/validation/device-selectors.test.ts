// Which expressions select devices. Rules: validateCELSelector of k8s.io/kubernetes/pkg/apis/resource/validation and
// k8s.io/dynamic-resource-allocation/cel.

import { deviceclasses } from '../../../src/api/generated/resources.ts'
import { type Case, runTables } from './support.ts'

const AT = 'spec.selectors[0].cel.expression'
const TOO_MUCH = `${AT}: Forbidden: too complex, exceeds cost limit`
const selector = (expression: string) => ({ spec: { selectors: [{ cel: { expression } }] } })
const attributes = 'device.attributes["dra.example.com"]'

/** An expression and what is said of it: nothing, that it may cost too much, or what is wrong and where. */
const EXPRESSIONS: readonly (readonly [expression: string, problem?: string])[] = [
  ['true'],
  ['device.driver == "dra.example.com"'],
  ['device.allowMultipleAllocations'],
  [`${attributes}.model == "a" && ${attributes}["count"] > 1`],
  [`${attributes}.healthy`],
  [`"healthy" in ${attributes} && ${attributes}.healthy`],
  [`has(${attributes}.healthy)`],
  [`${attributes}.?healthy.orValue(false)`],
  [`device.capacity["dra.example.com"].memory.compareTo(quantity("1Gi")) >= 0`],
  [`device.capacity["dra.example.com"]["memory"].isGreaterThan(quantity("10Gi"))`],
  [`${attributes}.version.isGreaterThan(semver("0.0.1"))`],
  [`cel.bind(dra, ${attributes}, dra.one && dra.two)`],
  [`cel.bind(dra, ${attributes}, dra.model.matches("^[a-z]*$"))`],
  [`${attributes}.exists(key, key == "a")`],
  [`device.attributes.all(domain, device.attributes[domain].all(id, id.size() < 32))`],
  [`${attributes}.model.lowerAscii() == "a"`],
  [`${attributes}.services.matches(${attributes}.pattern)`],
  [`device.driver.matches("[a-z]*")`],
  ['1', 'must evaluate to bool or the unknown type, not int'],
  ['"a"', 'must evaluate to bool or the unknown type, not string'],
  ['device.driver', 'must evaluate to bool or the unknown type, not string'],
  ['[1]', 'must evaluate to bool or the unknown type, not list(int)'],
  ['null', 'must evaluate to bool or the unknown type, not null_type'],
  ['dyn(true)', 'must evaluate to bool or the unknown type, not dyn'],
  [attributes, 'must evaluate to bool or the unknown type, not map(string, google.protobuf.Any)'],
  ['device', 'must evaluate to bool or the unknown type, not kubernetes.DRADevice'],
  ['timestamp("2024-01-01T00:00:00Z")', 'must evaluate to bool or the unknown type, not google.protobuf.Timestamp'],
]

const BROKEN: readonly (readonly [expression: string, issues: string])[] = [
  [
    '',
    "ERROR: <input>:1:0: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}",
  ],
  ['noSuchVar', "ERROR: <input>:1:1: undeclared reference to 'noSuchVar' (in container '')\n | noSuchVar\n | ^"],
  ['device.none', "ERROR: <input>:1:7: undefined field 'none'\n | device.none\n | ......^"],
  [
    'device.driver == 1',
    "ERROR: <input>:1:15: found no matching overload for '_==_' applied to '(string, int)'\n | device.driver == 1\n | ..............^",
  ],
  [
    'device.driver.exists(x, true)',
    "ERROR: <input>:1:7: expression of type 'string' cannot be range of a comprehension (must be list, map, or dynamic)\n | device.driver.exists(x, true)\n | ......^",
  ],
  [
    `${attributes}.list.exists(x, true)`,
    `ERROR: <input>:1:37: expression of type 'any' cannot be range of a comprehension (must be list, map, or dynamic)\n | ${attributes}.list.exists(x, true)\n | ....................................^`,
  ],
  [
    'cel.bind(1, 2, true)',
    'ERROR: <input>:1:10: cel.bind() variable names must be simple identifiers\n | cel.bind(1, 2, true)\n | .........^',
  ],
  [
    `${attributes}.list.includes("a")`,
    `ERROR: <input>:1:51: undeclared reference to 'includes' (in container '')\n | ${attributes}.list.includes("a")\n | ..................................................^`,
  ],
]

const COSTLY = [
  'device.attributes.all(a, device.attributes.all(b, device.attributes.all(c, device.attributes.all(d, true))))',
  `device.attributes.all(a, device.attributes[a].all(b, device.attributes.all(c, device.attributes[c].all(d, a.matches(d)))))`,
]

const cases: readonly Case[] = [
  ...EXPRESSIONS.map(
    ([expression, problem]): Case => [
      'CompileCELExpression',
      selector(expression),
      problem === undefined ? [] : [`${AT}: Invalid value: ${JSON.stringify(expression)}: ${problem}`],
    ],
  ),
  ...BROKEN.map(
    ([expression, issues]): Case => [
      'CompileCELExpression: what does not compile',
      selector(expression),
      [`${AT}: Invalid value: ${JSON.stringify(expression)}: compilation failed: ${issues}`],
    ],
  ),
  ...COSTLY.map((expression): Case => ['CELSelectorExpressionMaxCost', selector(expression), [TOO_MUCH]]),
  [
    'CELSelectorExpressionMaxLength',
    selector(`"${'a'.repeat(10 * 1024)}" == ""`),
    [`${AT}: Too long: may not be more than 10240 bytes`],
  ],
]

runTables({ resource: deviceclasses, base: selector('true'), create: cases })
