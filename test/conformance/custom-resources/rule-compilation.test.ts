// What rules of definitions are refused for when they are compiled.
// Rules: pkg/apis/apiextensions/validation and pkg/apiserver/schema/cel of k8s.io/apiextensions-apiserver, and the
// checker of cel-go. Each case names what it pins.

import { useServer } from '../access-support.ts'
import { RULE, rule } from './rules-support.ts'
import { type DefinitionCase, judged } from './support.ts'

const call = useServer()

const cases: readonly DefinitionCase[] = [
  [
    'checker: undeclared reference',
    rule('nothing > 1'),
    [
      `${RULE}.rule: Invalid value: {"Rule":"nothing \\u003e 1","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:1: undeclared reference to 'nothing' (in container '')
 | nothing > 1
 | ^`,
    ],
  ],
  [
    'checker: undeclared function',
    rule('self.s.turned() == 1'),
    [
      `${RULE}.rule: Invalid value: {"Rule":"self.s.turned() == 1","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:14: undeclared reference to 'turned' (in container '')
 | self.s.turned() == 1
 | .............^`,
    ],
  ],
  [
    'checker: no matching overload',
    rule('self.s > 1'),
    [
      `${RULE}.rule: Invalid value: {"Rule":"self.s \\u003e 1","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:8: found no matching overload for '_>_' applied to '(string, int)'
 | self.s > 1
 | .......^`,
    ],
  ],
  [
    'checker: no matching overload of a method',
    rule('self.s.startsWith(1)'),
    [
      `${RULE}.rule: Invalid value: {"Rule":"self.s.startsWith(1)","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:18: found no matching overload for 'startsWith' applied to 'string.(int)'
 | self.s.startsWith(1)
 | .................^`,
    ],
  ],
  [
    'checker: several problems',
    rule('self.none == self.s && self.i == "a" && zzz'),
    [
      `${RULE}.rule: Invalid value: {"Rule":"self.none == self.s \\u0026\\u0026 self.i == \\"a\\" \\u0026\\u0026 zzz","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:5: undefined field 'none'
 | self.none == self.s && self.i == "a" && zzz
 | ....^
ERROR: <input>:1:31: found no matching overload for '_==_' applied to '(int, string)'
 | self.none == self.s && self.i == "a" && zzz
 | ..............................^
ERROR: <input>:1:41: undeclared reference to 'zzz' (in container '')
 | self.none == self.s && self.i == "a" && zzz
 | ........................................^`,
    ],
  ],
  [
    'checker: in several lines',
    rule({ rule: 'self.i > 1 &&\nself.none', message: 'm' }),
    [
      `${RULE}.rule: Invalid value: {"Rule":"self.i \\u003e 1 \\u0026\\u0026\\nself.none","Message":"m","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:2:5: undefined field 'none'
 | self.none
 | ....^`,
    ],
  ],
  [
    'checker: wide characters',
    rule('self.s == "漢字" && self.none'),
    [
      `${RULE}.rule: Invalid value: {"Rule":"self.s == \\"漢字\\" \\u0026\\u0026 self.none","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:23: undefined field 'none'
 | self.s == "漢字" && self.none
 | ...........．．.........^`,
    ],
  ],
  [
    'checker: a condition of no truth',
    rule('self.i ? true : false'),
    [
      `${RULE}.rule: Invalid value: {"Rule":"self.i ? true : false","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:8: found no matching overload for '_?_:_' applied to '(int, bool, bool)'
 | self.i ? true : false
 | .......^`,
    ],
  ],
  [
    'checker: branches of different types',
    rule('self.b ? 1 : "a"'),
    [
      `${RULE}.rule: Invalid value: {"Rule":"self.b ? 1 : \\"a\\"","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:8: found no matching overload for '_?_:_' applied to '(bool, int, string)'
 | self.b ? 1 : "a"
 | .......^`,
    ],
  ],
  [
    'checker: mixed lists',
    rule('self.i in [1, "a"]'),
    [
      `${RULE}.rule: Invalid value: {"Rule":"self.i in [1, \\"a\\"]","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:15: expected type 'int' but found 'string'
 | self.i in [1, "a"]
 | ..............^`,
    ],
  ],
  [
    'checker: mixed maps',
    rule('self.s in {"a": 1, 2: 3}'),
    [
      `${RULE}.rule: Invalid value: {"Rule":"self.s in {\\"a\\": 1, 2: 3}","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:20: expected type 'string' but found 'int'
 | self.s in {"a": 1, 2: 3}
 | ...................^`,
    ],
  ],
  [
    'checker: index of another type',
    rule('self.l["a"] == "b"'),
    [
      `${RULE}.rule: Invalid value: {"Rule":"self.l[\\"a\\"] == \\"b\\"","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:7: found no matching overload for '_[_]' applied to '(list(string), string)'
 | self.l["a"] == "b"
 | ......^`,
    ],
  ],
  [
    'checker: key of another type',
    rule('self.m[1] == 1'),
    [
      `${RULE}.rule: Invalid value: {"Rule":"self.m[1] == 1","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:7: found no matching overload for '_[_]' applied to '(map(string, int), int)'
 | self.m[1] == 1
 | ......^`,
    ],
  ],
  [
    'checker: range of a macro',
    rule('self.i.all(x, true)'),
    [
      `${RULE}.rule: Invalid value: {"Rule":"self.i.all(x, true)","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:5: expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)
 | self.i.all(x, true)
 | ....^`,
    ],
  ],
  [
    'checker: predicate of a macro',
    rule('self.l.all(x, x)'),
    [
      `${RULE}.rule: Invalid value: {"Rule":"self.l.all(x, x)","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:15: expected type 'bool' but found 'string'
 | self.l.all(x, x)
 | ..............^`,
    ],
  ],
  [
    'checker: field of an item',
    rule('self.o.all(e, e.w == 1)'),
    [
      `${RULE}.rule: Invalid value: {"Rule":"self.o.all(e, e.w == 1)","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:16: undefined field 'w'
 | self.o.all(e, e.w == 1)
 | ...............^`,
    ],
  ],
  [
    'checker: fields of a map',
    rule('self.m.a > "x"'),
    [
      `${RULE}.rule: Invalid value: {"Rule":"self.m.a \\u003e \\"x\\"","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:10: found no matching overload for '_>_' applied to '(int, string)'
 | self.m.a > "x"
 | .........^`,
    ],
  ],
  [
    'checker: what keeps unknown fields',
    rule('self.z.any == 1'),
    [
      `${RULE}.rule: Invalid value: {"Rule":"self.z.any == 1","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:7: undefined field 'any'
 | self.z.any == 1
 | ......^`,
    ],
  ],
  [
    'checker: metadata that is not declared',
    rule('self.metadata.name == "a"'),
    [
      `${RULE}.rule: Invalid value: {"Rule":"self.metadata.name == \\"a\\"","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:5: undefined field 'metadata'
 | self.metadata.name == "a"
 | ....^`,
    ],
  ],
  [
    'checker: escaped names',
    rule('self.a__dash__b == "a" && self.__if__ == "b" && self.a__underscores__b == "c" && self._x == "d"'),
    [],
  ],
  ['checker: names that are not escaped', rule('self.if == "a"'), []],
  [
    'checker: names with dashes',
    rule('self.a-b == "a"'),
    [
      `${RULE}.rule: Invalid value: {"Rule":"self.a-b == \\"a\\"","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:5: undefined field 'a'
 | self.a-b == "a"
 | ....^
ERROR: <input>:1:8: undeclared reference to 'b' (in container '')
 | self.a-b == "a"
 | .......^`,
    ],
  ],
  [
    'checker: dates and durations',
    rule('self.d > timestamp("2024-01-01T00:00:00Z") && self.u < duration("1h") && self.y == b"a"'),
    [],
  ],
  [
    'checker: dates are no strings',
    rule('self.d == "2024"'),
    [
      `${RULE}.rule: Invalid value: {"Rule":"self.d == \\"2024\\"","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:8: found no matching overload for '_==_' applied to '(timestamp, string)'
 | self.d == "2024"
 | .......^`,
    ],
  ],
  ['checker: numbers are not integers', rule('self.n > 1'), []],
  ['checker: integers are no numbers', rule('self.i > 1.0'), []],
  ['checker: int or string', rule('type(self.x) == int ? self.x < 5 : self.x == "5%"'), []],
  [
    'parser: no end',
    rule('self.s == "a'),
    [
      `${RULE}.rule: Invalid value: {"Rule":"self.s == \\"a","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:11: Syntax error: token recognition error at: '"a'
 | self.s == "a
 | ..........^
ERROR: <input>:1:13: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}
 | self.s == "a
 | ............^`,
    ],
  ],
  [
    'parser: a reserved word',
    rule('self.i > 1 && for'),
    [
      `${RULE}.rule: Invalid value: {"Rule":"self.i \\u003e 1 \\u0026\\u0026 for","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:15: reserved identifier: for
 | self.i > 1 && for
 | ..............^`,
    ],
  ],
  [
    'parser: a bad escape',
    rule('self.s == "\\q"'),
    [
      `${RULE}.rule: Invalid value: {"Rule":"self.s == \\"\\\\q\\"","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:11: Syntax error: token recognition error at: '"\\q'
 | self.s == "\\q"
 | ..........^
ERROR: <input>:1:14: Syntax error: token recognition error at: '"'
 | self.s == "\\q"
 | .............^
ERROR: <input>:1:15: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}
 | self.s == "\\q"
 | ..............^`,
    ],
  ],
  [
    'parser: too large a number',
    rule('self.i < 99999999999999999999'),
    [
      `${RULE}.rule: Invalid value: {"Rule":"self.i \\u003c 99999999999999999999","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:10: invalid int literal
 | self.i < 99999999999999999999
 | .........^`,
    ],
  ],
  [
    'parser: has without a field',
    rule('has(self)'),
    [
      `${RULE}.rule: Invalid value: {"Rule":"has(self)","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:5: invalid argument to has() macro
 | has(self)
 | ....^`,
    ],
  ],
  [
    'parser: a macro of no name',
    rule('self.l.all(1, true)'),
    [
      `${RULE}.rule: Invalid value: {"Rule":"self.l.all(1, true)","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:12: argument must be a simple name
 | self.l.all(1, true)
 | ...........^`,
    ],
  ],
  [
    'parser: an empty argument',
    rule('size()'),
    [
      `${RULE}.rule: Invalid value: {"Rule":"size()","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:5: found no matching overload for 'size' applied to '()'
 | size()
 | ....^`,
    ],
  ],
  [
    'parser: a question mark alone',
    rule('self.?s'),
    [
      `${RULE}.rule: Invalid value: {"Rule":"self.?s","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: cel expression must evaluate to a bool`,
    ],
  ],
  [
    'parser: a struct that is none',
    rule('Foo{a: 1} == self.p'),
    [
      `${RULE}.rule: Invalid value: {"Rule":"Foo{a: 1} == self.p","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:4: undeclared reference to 'Foo' (in container '')
 | Foo{a: 1} == self.p
 | ...^`,
    ],
  ],
  ['parser: nested deep', rule(`${'('.repeat(60)}true${')'.repeat(60)}`), []],
  [
    'validator: a pattern that is none',
    rule('self.s.matches("[")'),
    [
      `${RULE}.rule: Invalid value: {"Rule":"self.s.matches(\\"[\\")","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:16: invalid matches argument
 | self.s.matches("[")
 | ...............^`,
    ],
  ],
  [
    'validator: a date that is none',
    rule('timestamp("never") == self.d'),
    [
      `${RULE}.rule: Invalid value: {"Rule":"timestamp(\\"never\\") == self.d","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:11: invalid timestamp argument
 | timestamp("never") == self.d
 | ..........^`,
    ],
  ],
  [
    'validator: a duration that is none',
    rule('duration("long") == self.u'),
    [
      `${RULE}.rule: Invalid value: {"Rule":"duration(\\"long\\") == self.u","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:10: invalid duration argument
 | duration("long") == self.u
 | .........^`,
    ],
  ],
  [
    'libraries: url, ip, cidr, quantity, semver',
    rule(
      'isURL(self.s) && isIP(self.s) && cidr("10.0.0.0/8").containsIP("10.0.0.1") && quantity("1Gi").isGreaterThan(quantity("1Mi")) && isSemver(self.s)',
    ),
    [],
  ],
  [
    'libraries: formats',
    rule('format.dns1123Label().validate(self.s).hasValue()'),
    [
      `${RULE}.rule: Forbidden: estimated rule cost exceeds budget by factor of 1.006634x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
    ],
  ],
  [
    'libraries: the authorizer is none of those of rules',
    rule('authorizer.path("/").check("get").allowed()'),
    [
      `${RULE}.rule: Invalid value: {"Rule":"authorizer.path(\\"/\\").check(\\"get\\").allowed()","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:1: undeclared reference to 'authorizer' (in container '')
 | authorizer.path("/").check("get").allowed()
 | ^`,
    ],
  ],
  [
    'libraries: sets and lists',
    rule('sets.contains(self.l, ["a"]) && self.l.isSorted() && [1, 2].sum() == 3'),
    [
      `${RULE}.rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
      `${RULE}.rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema`,
      'spec.validation.openAPIV3Schema: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)',
    ],
  ],
]

judged(call, cases)
