// What messages, paths, results, types and costs of rules of definitions are refused for.
// Rules: pkg/apis/apiextensions/validation and pkg/apiserver/schema/cel of k8s.io/apiextensions-apiserver, and the
// checker of cel-go. Each case names what it pins.

import { useServer } from '../access-support.ts'
import { of, RULE, rule, SPEC } from './rules-support.ts'
import { type DefinitionCase, judged, schemaOfA, specSchema } from './support.ts'

const call = useServer()

const cases: readonly DefinitionCase[] = [
  [
    'messageExpression: does not compile',
    rule({ rule: 'true', messageExpression: 'self.none' }),
    [
      `${RULE}.messageExpression: Invalid value: {"Rule":"true","Message":"","MessageExpression":"self.none","Reason":null,"FieldPath":"","OptionalOldSelf":null}: messageExpression compilation failed: ERROR: <input>:1:5: undefined field 'none'
 | self.none
 | ....^`,
    ],
  ],
  [
    'messageExpression: is not parsed',
    rule({ rule: 'true', messageExpression: '"a' }),
    [
      `${RULE}.messageExpression: Invalid value: {"Rule":"true","Message":"","MessageExpression":"\\"a","Reason":null,"FieldPath":"","OptionalOldSelf":null}: messageExpression compilation failed: ERROR: <input>:1:1: Syntax error: token recognition error at: '"a'
 | "a
 | ^
ERROR: <input>:1:3: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}
 | "a
 | ..^`,
    ],
  ],
  [
    'messageExpression: empty',
    rule({ rule: 'true', messageExpression: ' ' }),
    [`${RULE}.messageExpression: Required value: messageExpression must be non-empty if specified`],
  ],
  [
    'messageExpression: of several types',
    rule({ rule: 'true', messageExpression: 'self.b ? "a" : string(self.i)' }),
    [],
  ],
  [
    'messageExpression: and a rule that is wrong',
    rule({ rule: 'self.none', messageExpression: 'self.none' }),
    [
      `${RULE}.rule: Invalid value: {"Rule":"self.none","Message":"","MessageExpression":"self.none","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:5: undefined field 'none'
 | self.none
 | ....^`,
    ],
  ],
  [
    'fieldPath: all kinds',
    rule(
      { rule: 'true', fieldPath: '.p.q' },
      { rule: 'true', fieldPath: ".m['a']" },
      { rule: 'true', fieldPath: '.o' },
      { rule: 'true', fieldPath: 'p' },
      { rule: 'true', fieldPath: '.p.z' },
      { rule: 'true', fieldPath: ".['p']" },
      { rule: 'true', fieldPath: "['p']['q']" },
      { rule: 'true', fieldPath: '.a-b' },
      { rule: 'true', fieldPath: '.o[0]' },
    ),
    [
      `${SPEC}.x-kubernetes-validations[3].fieldPath: Invalid value: "p": must be a valid path`,
      `${SPEC}.x-kubernetes-validations[4].fieldPath: Invalid value: ".p.z": must be a valid path`,
      `${SPEC}.x-kubernetes-validations[5].fieldPath: Invalid value: ".['p']": must be a valid path`,
      `${SPEC}.x-kubernetes-validations[8].fieldPath: Invalid value: ".o[0]": must be a valid path`,
    ],
  ],
  [
    'oldSelf: in a list',
    schemaOfA({
      type: 'array',
      maxItems: 3,
      items: { type: 'string', maxLength: 3, 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] },
    }),
    [
      `${SPEC}.properties[a].items.x-kubernetes-validations[0].rule: Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within ${SPEC}.properties[a]`,
    ],
  ],
  [
    'oldSelf: in a set',
    schemaOfA({
      type: 'array',
      maxItems: 3,
      'x-kubernetes-list-type': 'set',
      items: { type: 'string', maxLength: 3, 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] },
    }),
    [
      `${SPEC}.properties[a].items.x-kubernetes-validations[0].rule: Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within ${SPEC}.properties[a]`,
    ],
  ],
  [
    'oldSelf: in a list with keys',
    schemaOfA({
      type: 'array',
      maxItems: 3,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k'],
      items: {
        type: 'object',
        required: ['k'],
        properties: { k: { type: 'string', maxLength: 3, 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] } },
      },
    }),
    [],
  ],
  [
    'oldSelf: in an atomic map',
    schemaOfA({
      type: 'object',
      'x-kubernetes-map-type': 'atomic',
      properties: { k: { type: 'string', maxLength: 3, 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] } },
    }),
    [],
  ],
  [
    'oldSelf: in a map',
    schemaOfA({
      type: 'object',
      maxProperties: 3,
      additionalProperties: { type: 'string', maxLength: 3, 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] },
    }),
    [],
  ],
  [
    'optionalOldSelf: where oldSelf is not used',
    rule({ rule: 'true', optionalOldSelf: true }),
    [`${RULE}.optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule`],
  ],
  [
    'optionalOldSelf: false where oldSelf is not used',
    rule({ rule: 'true', optionalOldSelf: false }),
    [`${RULE}.optionalOldSelf: Invalid value: false: may not be set if oldSelf is not used in rule`],
  ],
  [
    'optionalOldSelf: an optional',
    rule({ rule: 'oldSelf.hasValue() ? oldSelf.value().i == self.i : true', optionalOldSelf: true }),
    [],
  ],
  [
    'optionalOldSelf: used as no optional',
    rule({ rule: 'oldSelf.i == self.i', optionalOldSelf: true }),
    [
      `${RULE}.rule: Invalid value: {"Rule":"oldSelf.i == self.i","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":true}: compilation failed: ERROR: <input>:1:11: found no matching overload for '_==_' applied to '(optional_type(int), int)'
 | oldSelf.i == self.i
 | ..........^`,
      `${RULE}.optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule`,
    ],
  ],
  [
    'the result: no truth',
    rule('self.i', '"a"', '[1]', '{"a": 1}', 'null', '1.5', 'self.p', 'self'),
    [
      `${RULE}.rule: Invalid value: {"Rule":"self.i","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: cel expression must evaluate to a bool`,
      `${SPEC}.x-kubernetes-validations[1].rule: Invalid value: {"Rule":"\\"a\\"","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: cel expression must evaluate to a bool`,
      `${SPEC}.x-kubernetes-validations[2].rule: Invalid value: {"Rule":"[1]","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: cel expression must evaluate to a bool`,
      `${SPEC}.x-kubernetes-validations[3].rule: Invalid value: {"Rule":"{\\"a\\": 1}","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: cel expression must evaluate to a bool`,
      `${SPEC}.x-kubernetes-validations[4].rule: Invalid value: {"Rule":"null","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: cel expression must evaluate to a bool`,
      `${SPEC}.x-kubernetes-validations[5].rule: Invalid value: {"Rule":"1.5","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: cel expression must evaluate to a bool`,
      `${SPEC}.x-kubernetes-validations[6].rule: Invalid value: {"Rule":"self.p","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: cel expression must evaluate to a bool`,
      `${SPEC}.x-kubernetes-validations[7].rule: Invalid value: {"Rule":"self","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: cel expression must evaluate to a bool`,
    ],
  ],
  [
    'the result: anything',
    rule('dyn(true)'),
    [
      `${RULE}.rule: Invalid value: {"Rule":"dyn(true)","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: cel expression must evaluate to a bool`,
    ],
  ],
  [
    'types: no type to be had',
    of({ 'x-kubernetes-preserve-unknown-fields': true }, 'true'),
    [
      `${SPEC}.properties[a].x-kubernetes-validations: Internal error: internal error: failed to construct type information for x-kubernetes-validations rules: unable to convert structural schema to CEL declarations`,
    ],
  ],
  [
    'types: any object',
    of({ type: 'object', 'x-kubernetes-preserve-unknown-fields': true }, 'self.a == 1'),
    [
      `${SPEC}.properties[a].x-kubernetes-validations[0].rule: Invalid value: {"Rule":"self.a == 1","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:5: undefined field 'a'
 | self.a == 1
 | ....^`,
    ],
  ],
  [
    'types: lists of anything',
    of({ type: 'array', items: { 'x-kubernetes-preserve-unknown-fields': true } }, 'self.size() > 0'),
    [
      `${SPEC}.properties[a].x-kubernetes-validations: Internal error: internal error: failed to construct type information for x-kubernetes-validations rules: unable to convert structural schema to CEL declarations`,
    ],
  ],
  [
    'types: an embedded resource',
    of(
      { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
      'self.kind == "A" && self.metadata.name == "a" && self.apiVersion == "v1"',
    ),
    [],
  ],
  [
    'types: an embedded resource has no other metadata',
    of(
      { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
      'self.metadata.labels == {}',
    ),
    [
      `spec.validation.openAPIV3Schema.properties[spec].properties[a].x-kubernetes-validations[0].rule: Invalid value: {"Rule":"self.metadata.labels == {}","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:14: undefined field 'labels'
 | self.metadata.labels == {}
 | .............^`,
    ],
  ],
  [
    'cost: a list in a list',
    of({ type: 'array', items: { type: 'string' } }, 'self.all(x, self.all(y, x == y || x != y))'),
    [
      `${SPEC}.properties[a].x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
      `${SPEC}.properties[a].x-kubernetes-validations[0].rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema`,
      'spec.validation.openAPIV3Schema: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)',
    ],
  ],
  [
    'cost: three lists',
    of({ type: 'array', items: { type: 'string' } }, 'self.all(x, self.all(y, self.all(z, x + y == z)))'),
    [
      `${SPEC}.properties[a].x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
      `${SPEC}.properties[a].x-kubernetes-validations[0].rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema`,
      'spec.validation.openAPIV3Schema: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)',
    ],
  ],
  [
    'cost: a little more than there is',
    of({ type: 'array', maxItems: 1600, items: { type: 'integer' } }, 'self.all(x, self.all(y, x == y))'),
    [
      `${SPEC}.properties[a].x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of 1.280800x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
    ],
  ],
  [
    'cost: some more than there is',
    of({ type: 'array', maxItems: 5000, items: { type: 'integer' } }, 'self.all(x, self.all(y, x == y))'),
    [
      `${SPEC}.properties[a].x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of 12.5x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
      `${SPEC}.properties[a].x-kubernetes-validations[0].rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema`,
      'spec.validation.openAPIV3Schema: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of 1.250250x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)',
    ],
  ],
  [
    'cost: within a list',
    schemaOfA({
      type: 'array',
      items: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self.contains("abc") || self.matches("a.*b")' }] },
    }),
    [
      `${SPEC}.properties[a].items.x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
      `${SPEC}.properties[a].items.x-kubernetes-validations[0].rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema`,
      'spec.validation.openAPIV3Schema: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)',
    ],
  ],
  [
    'cost: within bounds',
    schemaOfA({
      type: 'array',
      maxItems: 10,
      items: {
        type: 'string',
        maxLength: 100,
        'x-kubernetes-validations': [{ rule: 'self.contains("abc") || self.matches("a.*b")' }],
      },
    }),
    [],
  ],
  [
    'cost: within maps',
    schemaOfA({
      type: 'object',
      additionalProperties: {
        type: 'array',
        items: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self.matches("a.*b")' }] },
      },
    }),
    [
      `${SPEC}.properties[a].additionalProperties.items.x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
      `${SPEC}.properties[a].additionalProperties.items.x-kubernetes-validations[0].rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema`,
      'spec.validation.openAPIV3Schema: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)',
    ],
  ],
  [
    'cost: a message',
    specSchema({
      type: 'object',
      properties: { a: { type: 'array', items: { type: 'string' } } },
      'x-kubernetes-validations': [
        { rule: 'true', messageExpression: 'self.a.map(x, self.a.filter(y, x == y)).map(z, z.join()).join()' },
      ],
    }),
    [
      `${RULE}.messageExpression: Forbidden: estimated messageExpression cost exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
      `${RULE}.messageExpression: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema`,
      'spec.validation.openAPIV3Schema: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)',
    ],
  ],
  [
    'cost: all together',
    schemaOfA({
      type: 'array',
      maxItems: 1500,
      items: { type: 'integer' },
      'x-kubernetes-validations': Array.from({ length: 20 }, (_, i) => ({
        rule: `self.all(x, self.all(y, x == y + ${i}))`,
      })),
    }),
    [
      `${SPEC}.properties[a].x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of 1.350750x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
      `${SPEC}.properties[a].x-kubernetes-validations[1].rule: Forbidden: estimated rule cost exceeds budget by factor of 1.350750x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
      `${SPEC}.properties[a].x-kubernetes-validations[2].rule: Forbidden: estimated rule cost exceeds budget by factor of 1.350750x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
      `${SPEC}.properties[a].x-kubernetes-validations[3].rule: Forbidden: estimated rule cost exceeds budget by factor of 1.350750x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
      `${SPEC}.properties[a].x-kubernetes-validations[4].rule: Forbidden: estimated rule cost exceeds budget by factor of 1.350750x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
      `${SPEC}.properties[a].x-kubernetes-validations[5].rule: Forbidden: estimated rule cost exceeds budget by factor of 1.350750x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
      `${SPEC}.properties[a].x-kubernetes-validations[6].rule: Forbidden: estimated rule cost exceeds budget by factor of 1.350750x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
      `${SPEC}.properties[a].x-kubernetes-validations[7].rule: Forbidden: estimated rule cost exceeds budget by factor of 1.350750x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
      `${SPEC}.properties[a].x-kubernetes-validations[8].rule: Forbidden: estimated rule cost exceeds budget by factor of 1.350750x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
      `${SPEC}.properties[a].x-kubernetes-validations[9].rule: Forbidden: estimated rule cost exceeds budget by factor of 1.350750x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
      `${SPEC}.properties[a].x-kubernetes-validations[10].rule: Forbidden: estimated rule cost exceeds budget by factor of 1.350750x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
      `${SPEC}.properties[a].x-kubernetes-validations[11].rule: Forbidden: estimated rule cost exceeds budget by factor of 1.350750x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
      `${SPEC}.properties[a].x-kubernetes-validations[12].rule: Forbidden: estimated rule cost exceeds budget by factor of 1.350750x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
      `${SPEC}.properties[a].x-kubernetes-validations[13].rule: Forbidden: estimated rule cost exceeds budget by factor of 1.350750x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
      `${SPEC}.properties[a].x-kubernetes-validations[14].rule: Forbidden: estimated rule cost exceeds budget by factor of 1.350750x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
      `${SPEC}.properties[a].x-kubernetes-validations[15].rule: Forbidden: estimated rule cost exceeds budget by factor of 1.350750x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
      `${SPEC}.properties[a].x-kubernetes-validations[16].rule: Forbidden: estimated rule cost exceeds budget by factor of 1.350750x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
      `${SPEC}.properties[a].x-kubernetes-validations[17].rule: Forbidden: estimated rule cost exceeds budget by factor of 1.350750x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
      `${SPEC}.properties[a].x-kubernetes-validations[18].rule: Forbidden: estimated rule cost exceeds budget by factor of 1.350750x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
      `${SPEC}.properties[a].x-kubernetes-validations[19].rule: Forbidden: estimated rule cost exceeds budget by factor of 1.350750x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
      `${SPEC}.properties[a].x-kubernetes-validations[0].rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema`,
      `${SPEC}.properties[a].x-kubernetes-validations[1].rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema`,
      `${SPEC}.properties[a].x-kubernetes-validations[2].rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema`,
      `${SPEC}.properties[a].x-kubernetes-validations[3].rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema`,
      'spec.validation.openAPIV3Schema: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of 2.7x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)',
    ],
  ],
  [
    'schema problems keep rules from being compiled',
    specSchema({
      type: 'object',
      properties: {
        a: { type: 'array', uniqueItems: true, items: { type: 'string' } },
        b: { type: 'string', 'x-kubernetes-validations': [{ rule: 'none' }] },
      },
      'x-kubernetes-validations': [{ rule: 'none' }],
    }),
    [
      `${SPEC}.properties[a].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic`,
      `spec.validation.openAPIV3Schema.properties[spec].properties[b].x-kubernetes-validations[0].rule: Invalid value: {"Rule":"none","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:1: undeclared reference to 'none' (in container '')
 | none
 | ^`,
    ],
  ],
]

judged(call, cases)
