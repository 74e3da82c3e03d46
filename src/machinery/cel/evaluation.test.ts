import { expect, test } from 'vitest'
import { compile, DOUBLE, DYN, fromJson, INT, listType, makeEnv, mapType, STRING, type Value } from './index.ts'

const env = makeEnv({
  variables: {
    x: INT,
    s: STRING,
    f: DOUBLE,
    ints: listType(INT),
    names: listType(STRING),
    labels: mapType(STRING, STRING),
    dyn1: DYN,
    obj: DYN,
  },
})
const activation: Record<string, Value> = {
  x: 5n,
  s: 'hello',
  f: 1.5,
  ints: fromJson([3, 1, 2]),
  names: fromJson(['b', 'a']),
  labels: fromJson({ app: 'web', tier: 'front' }),
  dyn1: 1n,
  obj: fromJson({ a: { b: [1, 2, { c: 'd' }] }, n: null, t: true, 'e-f': 1.5 }),
}

function evaluate(source: string) {
  const compiled = compile(env, source)
  if (compiled.issues !== undefined) return compiled.issues
  const { value, error } = compiled.program.evaluate(activation)
  return error === undefined ? value : { error }
}

/** Expressions that come to true, one a line. */
const TRUE = String.raw`
true
!false
!!true
true && true
true || false
false || true
!(true && false)
true || 1/0 == 1
1/0 == 1 || true
!(false && 1/0 == 1)
!(1/0 == 1 && false)
true ? true : false
false ? false : true
true ? true : 1/0 == 1
1 + 2 == 3
1 - 2 == -1
-(1) == -1
- -1 == 1
2 * 3 == 6
7 / 2 == 3
-7 / 2 == -3
7 % 3 == 1
-7 % 3 == -1
1u + 2u == 3u
3u - 2u == 1u
2u * 3u == 6u
7u / 2u == 3u
7u % 4u == 3u
0x10 == 16
-0x10 == -16
0xFFu == 255u
-9223372036854775808 < 0
9223372036854775807 > 0
18446744073709551615u > 0u
1.5 + 1.5 == 3.0
1.5 - 0.5 == 1.0
1.5 * 2.0 == 3.0
3.0 / 2.0 == 1.5
-1.5 == 0.0 - 1.5
1e3 == 1000.0
.5 == 0.5
1.5e-1 == 0.15
1.0 / 0.0 == double('Infinity')
double('NaN') != double('NaN')
1 + 2 * 3 == 7
(1 + 2) * 3 == 9
10 - 2 - 3 == 5
1 < 2
1 <= 1
2 > 1
2 >= 2
1u < 2u
1.0 < 2.0
1 < 2.5
1 < 2u
2u > 1
2.5 > 2u
1 <= 1.0
1u >= 1.0
-1 < 0u
dyn(1) == dyn(1.0)
dyn(1) == dyn(1u)
dyn(1) != dyn('1')
dyn(1) != dyn(true)
dyn(null) == dyn(null)
'a' < 'b'
'a' < 'aa'
'é' > 'z'
'😀' > '￿'
b'a' < b'b'
false < true
'a' + 'b' == 'ab'
b'a' + b'b' == b'ab'
[1] + [2, 3] == [1, 2, 3]
[] == []
{} == {}
[1, 2] != [2, 1]
{'a': 1, 'b': 2} == {'b': 2, 'a': 1}
{'a': 1} != {'a': 2}
[[1], [2]] == [[1], [2]]
1 in [1, 2]
!(3 in [1, 2])
'a' in {'a': 1}
!('b' in {'a': 1})
dyn(1.0) in [1, 2]
x in ints == false
'app' in labels
'a' in names
[1, 2, 3][1] == 2
{'a': 1}['a'] == 1
{'a': 1}.a == 1
{1: 'a'}[1] == 'a'
{1u: 'a'}[1u] == 'a'
{true: 'a'}[true] == 'a'
{1: 'a'}[dyn(1u)] == 'a'
[1, 2][dyn(1.0)] == 2
has({'a': 1}.a)
!has({'a': 1}.b)
has(obj.a.b)
!has(obj.a.c)
obj.a.b[2].c == 'd'
obj.n == null
has(obj.n)
obj['e-f'] == 1.5
obj.a.b[0] == 1
size('abc') == 3
'abc'.size() == 3
size('😀') == 1
size(b'abc') == 3
size([1, 2]) == 2
[1, 2].size() == 2
size({'a': 1}) == 1
{'a': 1}.size() == 1
labels.size() == 2
'hello'.contains('ell')
!'hello'.contains('x')
'hello'.startsWith('he')
'hello'.endsWith('lo')
'hello'.matches('^h.*o$')
'hello'.matches('l+')
matches('hello', 'e')
!'hello'.matches('^e')
'\u00e9' == 'é'
'\U0001F600' == '😀'
'\x41\101' == 'AA'
'\a\b\f\n\r\t\v\\\'\"\?\u0060'.size() == 12
r'\n' == '\\n'
R"\n".size() == 2
'''a'b''' == "a'b"
"""a"b""" == 'a"b'
b'\xff' != b'\xfe'
b'\377' == b'\xff'
b'é' == b'\xc3\xa9'
br'\x' == b'\\x'
int('12') == 12
int('-12') == -12
int(1.9) == 1
int(-1.9) == -1
int(3u) == 3
int(timestamp('1970-01-01T00:00:10Z')) == 10
uint('12') == 12u
uint(3) == 3u
uint(3.9) == 3u
double('1.5') == 1.5
double(3) == 3.0
double(3u) == 3.0
bool('true')
!bool('False')
string(1) == '1'
string(1u) == '1'
string(1.5) == '1.5'
string(1e30) == '1e+30'
string(1e-7) == '1e-07'
string(true) == 'true'
string(b'abc') == 'abc'
string(timestamp('2024-01-02T03:04:05Z')) == '2024-01-02T03:04:05Z'
string(timestamp('2024-01-02T03:04:05.120Z')) == '2024-01-02T03:04:05.12Z'
string(timestamp('2024-01-02T03:04:05+01:00')) == '2024-01-02T02:04:05Z'
string(duration('1h30m')) == '5400s'
string(duration('1.5s')) == '1.5s'
string(duration('-1ms')) == '-0.001s'
bytes('abc') == b'abc'
type(1) == int
type(1u) == uint
type(1.0) == double
type('a') == string
type(b'a') == bytes
type(true) == bool
type(null) == null_type
type([]) == list
type({}) == map
type(type(1)) == type
type(timestamp(0)) == google.protobuf.Timestamp
type(duration('1s')) == google.protobuf.Duration
type(optional.none()) == optional_type
type(obj) == map
type(obj.t) == bool
timestamp('2024-01-01T00:00:00Z') < timestamp('2024-01-02T00:00:00Z')
timestamp('2024-01-02T00:00:00Z') - timestamp('2024-01-01T00:00:00Z') == duration('24h')
timestamp('2024-01-01T00:00:00Z') + duration('1h') == timestamp('2024-01-01T01:00:00Z')
duration('1h') + timestamp('2024-01-01T00:00:00Z') == timestamp('2024-01-01T01:00:00Z')
timestamp('2024-01-01T01:00:00Z') - duration('1h') == timestamp('2024-01-01T00:00:00Z')
duration('1h') + duration('30m') == duration('90m')
duration('1h') - duration('90m') == duration('-30m')
duration('1h') > duration('59m')
duration('1us') == duration('1000ns')
duration('1h1m1s') == duration('3661s')
timestamp(0) == timestamp('1970-01-01T00:00:00Z')
timestamp('2024-02-29T12:34:56.789Z').getFullYear() == 2024
timestamp('2024-02-29T12:34:56.789Z').getMonth() == 1
timestamp('2024-02-29T12:34:56.789Z').getDate() == 29
timestamp('2024-02-29T12:34:56.789Z').getDayOfMonth() == 28
timestamp('2024-02-29T12:34:56.789Z').getDayOfYear() == 59
timestamp('2024-02-29T12:34:56.789Z').getDayOfWeek() == 4
timestamp('2024-02-29T12:34:56.789Z').getHours() == 12
timestamp('2024-02-29T12:34:56.789Z').getMinutes() == 34
timestamp('2024-02-29T12:34:56.789Z').getSeconds() == 56
timestamp('2024-02-29T12:34:56.789Z').getMilliseconds() == 789
timestamp('2024-02-29T23:34:56Z').getDate('+02:00') == 1
timestamp('2024-02-29T23:34:56Z').getHours('-02:30') == 21
timestamp('2024-07-01T23:00:00Z').getHours('Europe/Berlin') == 1
timestamp('2024-01-01T23:00:00Z').getHours('Europe/Berlin') == 0
timestamp('2024-01-01T04:59:59Z').getFullYear('America/New_York') == 2023
duration('90m').getHours() == 1
duration('90m').getMinutes() == 90
duration('90m').getSeconds() == 5400
duration('1.234s').getMilliseconds() == 1234
[1, 2, 3].all(i, i > 0)
![1, 2, 3].all(i, i > 1)
[1, 2, 3].exists(i, i == 2)
![1, 2, 3].exists(i, i == 4)
[1, 2, 3].exists_one(i, i == 2)
![1, 2, 2].exists_one(i, i == 2)
[1, 2, 3].existsOne(i, i == 2)
[].all(i, i > 0)
![].exists(i, true)
[0, 1].exists(i, 1 / i == 1)
![0, 2].all(i, 4 / i == 1)
[1, 2, 3].map(i, i * 2) == [2, 4, 6]
[1, 2, 3].map(i, i > 1, i * 2) == [4, 6]
[1, 2, 3].filter(i, i > 1) == [2, 3]
{'a': 1, 'b': 2}.all(k, k in ['a', 'b'])
{'a': 1, 'b': 2}.exists(k, k == 'b')
{'a': 1, 'b': 2}.map(k, k) == ['a', 'b']
{'a': 1, 'b': 2}.filter(k, k == 'a') == ['a']
[[1, 2], [3]].all(l, l.all(i, i > 0))
[1, 2].map(i, [3, 4].map(j, i * j)) == [[3, 4], [6, 8]]
[1, 2].map(x, x) == [1, 2]
labels.all(k, labels[k].size() > 2)
[1, 2].all(i, v, v == i + 1)
[1, 2].exists(i, v, i == 1 && v == 2)
{'a': 1}.all(k, v, k == 'a' && v == 1)
{'a': 1, 'b': 2}.exists(k, v, v == 2)
{'a': 1, 'b': 2}.existsOne(k, v, v == 2)
{'a': 1, 'b': 2}.exists_one(k, v, v == 2)
[1, 2, 3].transformList(i, v, i * v) == [0, 2, 6]
[1, 2, 3].transformList(i, v, v > 1, i * v) == [2, 6]
{'a': 1}.transformList(k, v, k + string(v)) == ['a1']
[1, 2].transformMap(i, v, v * 2) == {0: 2, 1: 4}
{'a': 1, 'b': 2}.transformMap(k, v, v > 1, v * 2) == {'b': 4}
{'a': 'b'}.transformMapEntry(k, v, {v: k}) == {'b': 'a'}
['a', 'b'].transformMapEntry(i, v, i > 0, {v: i}) == {'b': 1}
optional.of(1).hasValue()
!optional.none().hasValue()
optional.of(1).value() == 1
optional.none().orValue(2) == 2
optional.of(1).orValue(1 / 0) == 1
optional.none().or(optional.of(3)).value() == 3
optional.ofNonZeroValue(0) == optional.none()
optional.ofNonZeroValue(1) == optional.of(1)
optional.ofNonZeroValue('') == optional.none()
optional.of(1).optMap(v, v + 1) == optional.of(2)
!optional.none().optMap(v, v + 1).hasValue()
optional.of(1).optFlatMap(v, optional.of(v + 1)).value() == 2
{'a': 1}.?a.value() == 1
!{'a': 1}.?b.hasValue()
{'a': {'b': 1}}.?a.b == optional.of(1)
{'a': {'b': 1}}.?a.?b.orValue(0) == 1
{'a': {'b': 1}}.?c.b.orValue(7) == 7
[1, 2][?1] == optional.of(2)
[1, 2][?5] == optional.none()
[1, 2][?-1] == optional.none()
{'a': 1}[?'a'] == optional.of(1)
obj.?a.b[?0].orValue(0) == 1
[?optional.none(), ?optional.of(2), 3] == [2, 3]
{?'a': optional.none(), ?'b': optional.of(2)} == {'b': 2}
[optional.of(1), optional.none()].unwrapOpt() == [1]
optional.unwrap([optional.of(1), optional.none()]) == [1]
[1, 2].first() == optional.of(1)
[1, 2].last().value() == 2
[].last() == optional.none()
'tacocat'.charAt(3) == 'o'
'tacocat'.charAt(7) == ''
'tacocat'.indexOf('a') == 1
'tacocat'.indexOf('a', 3) == 5
'tacocat'.indexOf('none') == -1
'tacocat'.indexOf('') == 0
'tacocat'.lastIndexOf('a') == 5
'tacocat'.lastIndexOf('a', 3) == 1
'ta😀cat'.indexOf('c') == 3
['a', 'b'].join() == 'ab'
['a', 'b'].join('-') == 'a-b'
names.join(',') == 'b,a'
'TacoCÆt'.lowerAscii() == 'tacocÆt'
'tacoCæt'.upperAscii() == 'TACOCæT'
'a b a'.replace('a', 'c') == 'c b c'
'a b a'.replace('a', 'c', 1) == 'c b a'
'ab'.replace('', '-') == '-a-b-'
'ab'.replace('', '-', 2) == '-a-b'
'a,b,c'.split(',') == ['a', 'b', 'c']
'a,b,c'.split(',', 2) == ['a', 'b,c']
'a,b,c'.split(',', 0) == []
'a,b,c'.split(',', -1) == ['a', 'b', 'c']
'abc'.split('') == ['a', 'b', 'c']
'tacocat'.substring(4) == 'cat'
'tacocat'.substring(0, 4) == 'taco'
'ta😀cat'.substring(2, 3) == '😀'
'  trim\n'.trim() == 'trim'
strings.quote('a"b\n') == '"a\\"b\\n"'
'%s is %d'.format(['a', 1]) == 'a is 1'
'%s %s %s'.format([1, 1.5, true]) == '1 1.5 true'
'%s'.format([['a', 'b', 1.5, null, duration('1s')]]) == '["a", "b", 1.500000, null, duration("1s")]'
'%s'.format([{'b': 1, 'a': [b'x']}]) == '{"a":[b"x"], "b":1}'
'%s'.format([null]) == 'null'
'%s'.format([duration('1h')]) == '3600s'
'%.2f'.format([1.005]) == '1.00'
'%.0f'.format([2.5]) == '2'
'%f'.format([1.5]) == '1.500000'
'%.3e'.format([1234.5]) == '1.234500×10⁰³'
'%e'.format([0.00125]) == '1.250000×10⁻⁰³'
'%.1f'.format([1234567.25]) == '1,234,567.2'
'%f %s'.format([f / 0.0, -f / 0.0]) == '∞ -Inf'
{'a': 1, 'a': 2} == {'a': 2}
'%x %X %o %b'.format([255, 255, 8, 5]) == 'ff FF 10 101'
'%x'.format(['ab']) == '6162'
'%%'.format([]) == '%'
'abc 123'.find('[0-9]+') == '123'
'abc'.find('[0-9]+') == ''
'1 22 333'.findAll('[0-9]+') == ['1', '22', '333']
'1 22 333'.findAll('[0-9]+', 2) == ['1', '22']
'abc'.findAll('[0-9]+') == []
[1, 2, 3].isSorted()
![2, 1].isSorted()
['a', 'b'].isSorted()
[1, 2, 3].sum() == 6
[1.5, 2.5].sum() == 4.0
[1u, 2u].sum() == 3u
[duration('1h'), duration('30m')].sum() == duration('90m')
[1, 3, 2].max() == 3
[1, 3, 2].min() == 1
['b', 'a'].min() == 'a'
ints.max() == 3
[1, 2, 1].indexOf(1) == 0
[1, 2, 1].lastIndexOf(1) == 2
[1].indexOf(5) == -1
[1, 2, 3, 4].slice(1, 3) == [2, 3]
[[1], [2, 3]].flatten() == [1, 2, 3]
[[[1], [2]], [[3]]].flatten(2) == [1, 2, 3]
lists.range(3) == [0, 1, 2]
[1, 2, 3].reverse() == [3, 2, 1]
[1, 2, 1, 3, 2].distinct() == [1, 2, 3]
[3, 1, 2].sort() == [1, 2, 3]
['c', 'a'].sort() == ['a', 'c']
[{'n': 2}, {'n': 1}].sortBy(e, e.n) == [{'n': 1}, {'n': 2}]
ints.sort() == [1, 2, 3]
sets.contains([1, 2, 3], [2, 1])
!sets.contains([1], [2])
sets.contains([], [])
sets.equivalent([1, 2, 2], [2, 1])
!sets.equivalent([1, 2], [1])
sets.intersects([1, 2], [2, 3])
!sets.intersects([1], [2])
isURL('https://example.com:80/a?b=c')
isURL('/path')
!isURL('not a url')
!isURL('')
url('https://user@example.com:8080/a b?x=1&x=2&y=3').getHost() == 'example.com:8080'
url('https://example.com:8080/').getHostname() == 'example.com'
url('https://[::1]:80/').getHostname() == '::1'
url('https://example.com:8080/').getPort() == '8080'
url('https://example.com/').getPort() == ''
url('HTTPS://example.com/').getScheme() == 'https'
url('https://example.com/with space').getEscapedPath() == '/with%20space'
url('https://example.com/?k=a&k=b').getQuery() == {'k': ['a', 'b']}
url('/p').getHost() == ''
url('https://a.b/') == url('https://a.b/')
isIP('127.0.0.1')
isIP('::1')
!isIP('127.0.0.256')
!isIP('::ffff:1.2.3.4')
!isIP('1.2.3')
!isIP('01.2.3.4')
ip('127.0.0.1').isLoopback()
ip('0.0.0.0').isUnspecified()
ip('::').isUnspecified()
ip('224.0.0.1').isLinkLocalMulticast()
ip('169.254.1.1').isLinkLocalUnicast()
ip('fe80::1').isLinkLocalUnicast()
ip('8.8.8.8').isGlobalUnicast()
!ip('255.255.255.255').isGlobalUnicast()
ip('1.2.3.4').family() == 4
ip('2001:db8::1').family() == 6
ip('2001:DB8:0::1') == ip('2001:db8::1')
string(ip('2001:DB8:0:0:1:0:0:1')) == '2001:db8::1:0:0:1'
ip.isCanonical('2001:db8::1')
!ip.isCanonical('2001:DB8::1')
isCIDR('10.0.0.0/8')
!isCIDR('10.0.0.0')
!isCIDR('10.0.0.0/33')
cidr('10.0.0.0/8').containsIP('10.1.2.3')
cidr('10.0.0.0/8').containsIP(ip('10.1.2.3'))
!cidr('10.0.0.0/8').containsIP('11.0.0.1')
cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')
cidr('10.0.0.0/8').containsCIDR(cidr('10.0.0.0/8'))
!cidr('10.1.0.0/16').containsCIDR('10.0.0.0/8')
cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8')
cidr('10.1.2.3/8').ip() == ip('10.1.2.3')
cidr('10.1.2.3/8').prefixLength() == 8
string(cidr('2001:db8::/32')) == '2001:db8::/32'
quantity('1Gi').isGreaterThan(quantity('1G'))
quantity('500m').isLessThan(quantity('1'))
quantity('1k').compareTo(quantity('1000')) == 0
quantity('1k') == quantity('1000')
quantity('50k').add(20) == quantity('50020')
quantity('1').add(quantity('500m')) == quantity('1500m')
quantity('1').sub(quantity('500m')) == quantity('0.5')
quantity('50k').sub(20000) == quantity('30k')
quantity('50k').asInteger() == 50000
quantity('500m').asApproximateFloat() == 0.5
!quantity('500m').isInteger()
sign(quantity('-5')) == -1
isQuantity('1.5Gi')
!isQuantity('1.5 GiB')
isSemver('1.2.3-alpha.1+build')
!isSemver('1.2')
isSemver('v1.2', true)
semver('1.2.3').major() == 1
semver('1.2.3').minor() == 2
semver('1.2.3').patch() == 3
semver('1.2.3').isLessThan(semver('1.10.0'))
semver('1.0.0').isGreaterThan(semver('1.0.0-rc.1'))
semver('1.0.0-alpha.2').compareTo(semver('1.0.0-alpha.10')) == -1
semver('v01.2', true) == semver('1.2.0')
semver('1.0.0+a') == semver('1.0.0+b')
!format.dns1123Label().validate('my-label').hasValue()
format.dns1123Label().validate('My_Label').hasValue()
format.named('dns1123Label').value() == format.dns1123Label()
!format.named('none').hasValue()
!format.dns1123LabelPrefix().validate('my-').hasValue()
!format.uuid().validate('123e4567-e89b-12d3-a456-426614174000').hasValue()
format.byte().validate('a===').value() == ['invalid base64']
!format.date().validate('2024-02-29').hasValue()
format.date().validate('2023-02-29').hasValue()
!format.datetime().validate('2024-02-29T00:00:00Z').hasValue()
!format.uri().validate('https://a.b').hasValue()
!format.qualifiedName().validate('a.b/c').hasValue()
!format.labelValue().validate('').hasValue()
x == 5 && s == 'hello' && f == 1.5
x > 1 ? s == 'hello' : false
`

const lines = TRUE.split('\n').filter((line) => line !== '')

test('there are hundreds of them', () => {
  expect(lines.length).toBeGreaterThan(300)
})

test.each(lines)('%s', (source) => {
  expect(evaluate(source)).toBe(true)
})

test.each([
  ['1 / 0', 'division by zero'],
  ['1 % 0', 'modulus by zero'],
  ['1u / 0u', 'division by zero'],
  ['9223372036854775807 + 1', 'integer overflow'],
  ['-9223372036854775808 - 1', 'integer overflow'],
  ['9223372036854775807 * 2', 'integer overflow'],
  ['-(-9223372036854775808)', 'integer overflow'],
  ['-9223372036854775808 / -1', 'integer overflow'],
  ['18446744073709551615u + 1u', 'unsigned integer overflow'],
  ['0u - 1u', 'unsigned integer overflow'],
  ['int(f * 1e99)', 'integer overflow'],
  ['uint(-x)', 'unsigned integer overflow'],
  ['int(s)', "type conversion error from 'string' to 'int'"],
  ['bool(s)', "type conversion error from 'string' to 'bool'"],
  ['timestamp(s)', "type conversion error from 'string' to 'google.protobuf.Timestamp'"],
  ["string(x > 0 ? b'\\xff' : b'')", 'invalid UTF-8 in bytes, cannot convert to string'],
  ['[1][1]', 'index out of bounds: 1'],
  ['[1][-1]', 'index out of bounds: -1'],
  ["{'a': 1}['b']", 'no such key: b'],
  ["{'a': 1}.b", 'no such key: b'],
  ['obj.missing', 'no such key: missing'],
  ['dyn1.field', 'no such overload'],
  ["dyn1 + 'a'", 'no such overload'],
  ['dyn1 && true', 'no such overload'],
  ['optional.none().value()', 'optional.none() dereference'],
  ["'abc'.charAt(9)", 'index out of range: 9'],
  ["'abc'.substring(2, 1)", 'invalid substring range. start: 2, end: 1'],
  ["'%d'.format(ints.filter(i, false))", 'index 0 out of range'],
  ["'%'.format(ints)", 'unexpected end of string'],
  ['[].max()', 'max called on empty list'],
  ['[1, 2].slice(1, 5)', 'cannot slice(1, 5), list is length 2'],
  ["quantity('x')", "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
  ["quantity('500m').asInteger()", 'cannot convert value to integer'],
  ["ip('::ffff:1.2.3.4')", 'IPv4-mapped IPv6 address "::ffff:1.2.3.4" is not allowed'],
  ["semver('')", 'Version string empty'],
  ["timestamp(0).getHours('Nowhere/Town')", 'unknown time zone Nowhere/Town'],
  ["timestamp('9999-12-31T23:59:59Z') + duration('1s')", 'timestamp overflow'],
  [
    "['a'].transformMapEntry(i, v, {'same': v}).size() + ['a', 'b'].transformMapEntry(i, v, {'same': v}).size()",
    'insert failed: key same already exists',
  ],
  ['[0].all(i, 1 / i > 0)', 'division by zero'],
])('%s fails', (source, error) => {
  expect(evaluate(source)).toEqual({ error })
})

test.each([
  ["int('x')", "type conversion error from 'string' to 'int'"],
  ['uint(-1)', 'unsigned integer overflow'],
  ["s.find('[')", 'error parsing regexp: missing closing ]: `[`'],
])('of %s no program can be made', (source, issues) => {
  expect(compile(env, source)).toMatchObject({ issues, unprogrammable: true })
})

test.each([
  ["'%d'.format(['a'])", '14: error during formatting: decimal clause can only be used on integers, was given string'],
  ["'%s %s'.format(['a'])", '15: index 1 out of range'],
  ["'%s'.format(['a', 1])", '12: too many arguments supplied to string.format (expected 1, got 2)'],
  ["'%q'.format([1])", '12: could not parse formatting clause: unrecognized formatting clause "q"'],
  ["'%'.format([])", '11: unexpected end of string'],
  ["'%s'.format([[optional.of(1)]])", 'was given optional_type'],
])('%s is refused', (source, issues) => {
  expect(evaluate(source)).toContain(issues)
})

test('a variable without a value is an error, and one that is computed is computed once', () => {
  const compiled = compile(env, 'x + x')
  let times = 0
  const computed = () => {
    times++
    return 2n
  }
  expect(compiled.program?.evaluate({})).toMatchObject({ error: 'no such attribute(s): x' })
  expect(compiled.program?.evaluate({ x: computed })).toMatchObject({ value: 4n })
  expect(times).toBe(1)
})

test('long loops within loops end at the limit, soon', () => {
  const list = fromJson(Array.from({ length: 10_000 }, (_, i) => i))
  const source = 'ints.all(a, ints.all(b, ints.all(c, a + b + c >= 0)))'
  const result = compile(env, source).program?.evaluate({ ints: list })
  expect(result?.error).toBe('operation cancelled: actual cost limit exceeded')
  expect(result?.cost).toBeLessThan(1_000_100)
})

test('the limit is not swallowed by logic', () => {
  const list = fromJson(Array.from({ length: 1000 }, (_, i) => i))
  const { program } = compile(env, 'ints.exists(a, ints.all(b, a + b >= 0) && false) || true')
  expect(program?.evaluate({ ints: list }, { costLimit: 5000 }).error).toBe(
    'operation cancelled: actual cost limit exceeded',
  )
})

test('patterns that other engines choke on take linear time', () => {
  const { program } = compile(env, "s.matches('^(a+)+$')")
  expect(program?.evaluate({ s: `${'a'.repeat(5000)}b` })).toMatchObject({ value: false })
})

test('collecting does not leak between evaluations or loops', () => {
  const { program } = compile(env, '[1, 2].map(i, [1, 2].map(j, i + j)).map(l, l.size())')
  for (let i = 0; i < 2; i++) expect(program?.evaluate({}).value).toMatchObject({ items: [2n, 2n] })
})

test('what is cheap to write does not become large', () => {
  const list = fromJson(Array.from({ length: 100_000 }, (_, i) => i))
  const run = (source: string, more: Record<string, Value> = {}) => {
    const { program, issues } = compile(env, source)
    expect(issues).toBeUndefined()
    return program?.evaluate({ ints: list, ...more })
  }
  const sum = (length: number) => `(${Array.from({ length }, () => 'ints').join(' + ')})`
  expect(run(`${sum(39)}.size() == 3900000 && ${sum(39)}[250000] == 50000 && ${sum(3)} == ${sum(3)}`)?.value).toBe(true)
  expect(run(`${sum(900)}.size() > 0`)?.error).toBe('list size exceeds limit: 4000000')
  expect(run('lists.range(1000).map(i, ints).flatten().size() > 0')?.error).toBe(
    'flattened list exceeds the size limit',
  )
  const s = 'x'.repeat(100_000)
  expect(run("s.replace('', s).size() > 0", { s })?.error).toBe('string length exceeds limit: 67108864')
  expect(run('names.join(s).size() > 0', { s, names: fromJson(Array.from({ length: 1000 }, () => 'a')) })?.error).toBe(
    'string length exceeds limit: 67108864',
  )
})
