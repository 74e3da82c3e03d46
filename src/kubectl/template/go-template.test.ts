import { describe, expect, it } from 'vitest'
import { parseGoTemplate, TemplateRunError, TemplateSyntaxError } from './go-template.ts'

// The expected texts were produced by Go's own text/template.
const data = {
  a: 'hi',
  n: 3,
  f: 2.5,
  big: 1000000,
  small: 0.00001,
  t: true,
  nul: null,
  b: { c: 'see', a: 1, l: [1, 'x'] },
  list: [10, 20],
  empty: [],
  maps: [{ name: 'm1' }, { name: 'm2' }],
}

describe('parseGoTemplate', () => {
  it.each([
    ['{{.a}} {{.b.c}} {{.miss}} {{.miss.x}} {{.nul}}', 'hi see <no value> <no value> <no value>'],
    ['{{.list}}', '[10 20]'],
    ['{{range .list}}[{{.}}]{{end}}', '[10][20]'],
    ['{{range $i,$e := .list}}{{$i}}={{$e}},{{else}}none{{end}}', '0=10,1=20,'],
    ['{{range $k,$v := .b}}{{$k}}={{$v}};{{end}}', 'a=1;c=see;l=[1 x];'],
    ['{{range .empty}}x{{else}}empty{{end}}', 'empty'],
    ['{{range 3}}{{.}}{{end}}', '012'],
    ['{{range .n}}{{.}},{{end}}', '0,1,2,'],
    ['{{range $i := 3}}{{$i}}{{end}}', '012'],
    ['a {{- 1 -}} b', 'a1b'],
    ['a\n {{- /* c */ -}} \n b', 'ab'],
    ['{{/* c */}}x', 'x'],
    ['{{if .a}}1{{else if .b}}2{{else}}3{{end}}', '1'],
    ['{{if .miss}}1{{else if .b}}2{{else}}3{{end}}', '2'],
    ['{{with .b}}{{.c}}{{else}}no{{end}}', 'see'],
    ['{{with .miss}}{{.c}}{{else with .b}}{{.c}}!{{end}}', 'see!'],
    ['{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}', '2'],
    ['{{$x := .b}}{{$x.c}}{{$.a}}', 'seehi'],
    ['{{define "t"}}<{{.}}>{{end}}{{template "t" .a}}{{template "t"}}', '<hi><<no value>>'],
    ['{{block "q" .a}}[{{.}}]{{end}}', '[hi]'],
    ['{{.a | printf "%s-%d" | len}}', '15'],
    [
      '{{printf "%v %d %s %q %T %t %5.2f|%-6s|%6s|%x" .n .n .a .a .b true .f .a .a .n}}',
      '3 3 hi "hi" map[string]interface {} true  2.50|hi    |    hi|3',
    ],
    [
      '{{printf "%d" .f}} {{printf "%s" 3}} {{printf "%.1f" 3.0}} {{printf "%d %d" 1}} {{printf "%d" 1 2}}',
      '%!d(float64=2.5) %!s(int=3) 3.0 1 %!d(MISSING) 1%!(EXTRA int=2)',
    ],
    ['{{println .a 1 2}}{{print .a 1 2 .b}}', 'hi 1 2\nhi1 2 map[a:1 c:see l:[1 x]]'],
    ['{{and 1 0 2}} {{or 0 .miss "x"}} {{not .a}} {{and .a .b}}', '0 x false map[a:1 c:see l:[1 x]]'],
    [
      '{{eq .a "hi"}} {{eq .n 3}} {{ne .n 4}} {{lt 1 2}} {{le 2 2}} {{gt 3 2}} {{ge 1 2}} {{eq 1 2 3 1}}',
      'true true true true true true false true',
    ],
    ['{{eq .miss .nul}}', 'true'],
    ['{{len .a}} {{len .list}} {{len .b}}', '2 2 3'],
    ['{{index .list 1}} {{index .b "c"}} {{index .b "zz"}} {{index .a 0}}', '20 see <no value> 104'],
    ['{{slice .a 1}} {{slice .list 0 1}} {{slice "hello" 1 3}}', 'i [10] el'],
    [
      '{{html "<a href=\'x\'>&\\""}} {{js "it\'s <b> \\"q\\" =\\n"}} {{urlquery "a b&c=d/e~*(x)"}}',
      '&lt;a href=&#39;x&#39;&gt;&amp;&#34; it\\\'s \\u003Cb\\u003E \\"q\\" \\u003D\\u000A a+b%26c%3Dd%2Fe~%2A%28x%29',
    ],
    ['{{html .miss}} {{html .n .a}}', '&lt;no value&gt; 3hi'],
    ['{{range .list}}{{break}}{{end}}ok', 'ok'],
    ['{{range .list}}{{if eq . 20}}{{continue}}{{end}}{{.}} {{end}}', '10 '],
    [
      "{{1.5}} {{1e3}} {{0x1F}} {{'a'}} {{1_000}} {{0b11}} {{-3}} {{0o17}} {{1e30}} {{2.0}}",
      '1.5 1000 31 97 1000 3 -3 15 1e+30 2',
    ],
    ['{{"q\\t\\u00e9"}} {{`raw\\n`}}', 'q\té raw\\n'],
    ['{{with $x := .b}}{{$x.c}}{{end}}', 'see'],
    ['{{range $i, $e := .maps}}{{$i}}{{$e.name}}{{.name}}{{end}}', '0m1m11m2m2'],
    ['{{range .maps}}{{$.a}}{{end}}', 'hihi'],
    [
      '{{exists .b "c"}} {{exists .b "z"}} {{exists .list 0}} {{exists .list 7}} {{exists .miss}} {{exists .nul}} {{exists .a 0}} {{exists .b "c" "d"}} {{exists .maps 0 "name"}} {{exists .list "x"}}',
      'true false true false true true true false true false',
    ],
    ['{{base64decode "aGk="}}', 'hi'],
    ['{{.f}} {{.big}} {{.t}} {{.small}}', '2.5 1000000 true 1e-05'],
    ['{{print nil}} {{print .miss}}', '<nil> <nil>'],
    [
      '{{printf "%v %+v %#v" .b .list .maps}}',
      'map[a:1 c:see l:[1 x]] [10 20] []interface {}{map[string]interface {}{"name":"m1"}, map[string]interface {}{"name":"m2"}}',
    ],
    ['{{printf "%[2]d %[1]d" 1 2}} {{printf "%*d|%-4d|%04d|%+d" 5 1 2 3 4}}', '2 1     1|2   |0003|+4'],
    ['{{printf "%c %U %o %b %X %e %g" 65 66 8 5 255 .f .f}}', 'A U+0042 10 101 FF 2.500000e+00 2.5'],
    [
      '{{printf "%s %d" .list .b}}',
      '[%!s(int64=10) %!s(int64=20)] map[%!d(string=a):1 %!d(string=c):%!d(string=see) %!d(string=l):[1 %!d(string=x)]]',
    ],
    ['{{len (slice .list 1)}}', '1'],
    ['{{not (and .a (not .b))}}', 'true'],
    ['{{printf "%5t|%q|%v" true 65 nil}}', " true|'A'|<nil>"],
    ['{{with 0}}x{{end}}{{with ""}}y{{end}}{{with .empty}}z{{end}}', ''],
    ['{{range .b}}{{.}}{{end}}', '1see[1 x]'],
    ['{{and .miss .a.b}}', '<no value>'],
    ['{{if not .a}}{{end}}{{.a}}', 'hi'],
    ['{{define "r"}}{{template "r"}}{{end}}x', 'x'],
    [
      '{{$}}',
      'map[a:hi b:map[a:1 c:see l:[1 x]] big:1000000 empty:[] f:2.5 list:[10 20] maps:[map[name:m1] map[name:m2]] n:3 nul:<nil> small:1e-05 t:true]',
    ],
    [
      '{{.}}',
      'map[a:hi b:map[a:1 c:see l:[1 x]] big:1000000 empty:[] f:2.5 list:[10 20] maps:[map[name:m1] map[name:m2]] n:3 nul:<nil> small:1e-05 t:true]',
    ],
    ['{{printf "%d%%" 50}}', '50%'],
    ['{{ len "é" }}{{index "é" 0}}', '2195'],
    ['{{3 | printf "%d %d" 4}}', '4 3'],
    ['{{printf "%s" (printf "%v" .b)}}', 'map[a:1 c:see l:[1 x]]'],
    ['{{$x := 5}}{{$x | printf "%03d"}}', '005'],
    ['{{printf "%5t|%-4q" 3 2.5}}', '%!t(int=    3)|%!q(float64=2.5 )'],
  ])('%s', (template, expected) => {
    expect(parseGoTemplate(template)(data)).toBe(expected)
  })

  it.each([
    ['{{.nul.x}}', '', 'template: output:1:6: executing "output" at <.nul.x>: nil pointer evaluating interface {}.x'],
    [
      '{{.a.b}}',
      '',
      'template: output:1:4: executing "output" at <.a.b>: can\'t evaluate field b in type interface {}',
    ],
    [
      '{{range $i,$x := 3}}{{$i}}{{end}}',
      '',
      'template: output:1:17: executing "output" at <3>: can\'t use 3 to iterate over more than one variable',
    ],
    ['{{range .a}}{{end}}', '', 'template: output:1:8: executing "output" at <.a>: range can\'t iterate over hi'],
    [
      '{{template "nope"}}',
      '',
      'template: output:1:11: executing "output" at <{{template "nope"}}>: template "nope" not defined',
    ],
    [
      '{{eq .n 3.0}}',
      '',
      'template: output:1:2: executing "output" at <eq .n 3.0>: error calling eq: incompatible types for comparison: int64 and float64',
    ],
    [
      '{{eq .miss 1}} {{eq .b .b}}',
      'false ',
      'template: output:1:17: executing "output" at <eq .b .b>: error calling eq: non-comparable type map[a:%!s(int64=1) c:see l:[%!s(int64=1) x]]: map[string]interface {}',
    ],
    [
      '{{lt .a 1}}',
      '',
      'template: output:1:2: executing "output" at <lt .a 1>: error calling lt: incompatible types for comparison: string and int',
    ],
    [
      '{{lt .b .b}}',
      '',
      'template: output:1:2: executing "output" at <lt .b .b>: error calling lt: invalid type for comparison',
    ],
    ['{{len .n}}', '', 'template: output:1:2: executing "output" at <len .n>: error calling len: len of type int64'],
    [
      '{{len .miss}}',
      '',
      'template: output:1:2: executing "output" at <len .miss>: error calling len: reflect: call of reflect.Value.Type on zero Value',
    ],
    [
      '{{len .nul}}',
      '',
      'template: output:1:2: executing "output" at <len .nul>: error calling len: len of nil pointer',
    ],
    [
      '{{index .list 9}}',
      '',
      'template: output:1:2: executing "output" at <index .list 9>: error calling index: index out of range: 9',
    ],
    [
      '{{index .list 2}}',
      '',
      'template: output:1:2: executing "output" at <index .list 2>: error calling index: reflect: slice index out of range',
    ],
    [
      '{{index .list "a"}}',
      '',
      'template: output:1:2: executing "output" at <index .list "a">: error calling index: cannot index slice/array with type string',
    ],
    [
      '{{index .b 1}}',
      '',
      'template: output:1:2: executing "output" at <index .b 1>: error calling index: value has type int; should be string',
    ],
    [
      '{{index .miss 1}}',
      '',
      'template: output:1:2: executing "output" at <index .miss 1>: error calling index: index of untyped nil',
    ],
    [
      '{{index .n 1}}',
      '',
      'template: output:1:2: executing "output" at <index .n 1>: error calling index: can\'t index item of type int64',
    ],
    [
      '{{slice .a 5}}',
      '',
      'template: output:1:2: executing "output" at <slice .a 5>: error calling slice: index out of range: 5',
    ],
    [
      '{{slice .a 2 1}}',
      '',
      'template: output:1:2: executing "output" at <slice .a 2 1>: error calling slice: invalid slice index: 2 > 1',
    ],
    [
      '{{call .a}}',
      '',
      'template: output:1:2: executing "output" at <call .a>: error calling call: non-function .a of type string',
    ],
    ['{{call .miss}}', '', 'template: output:1:2: executing "output" at <call .miss>: error calling call: call of nil'],
    ['{{.a 1}}', '', 'template: output:1:2: executing "output" at <.a>: a is not a method but has arguments'],
    ['{{1 2}}', '', 'template: output:1:2: executing "output" at <1>: can\'t give argument to non-function 1'],
    ['{{nil}}', '', 'template: output:1:2: executing "output" at <nil>: nil is not a command'],
    ['{{printf nil}}', '', 'template: output:1:9: executing "output" at <nil>: cannot assign nil to string'],
    [
      '{{printf .n}}',
      '',
      'template: output:1:9: executing "output" at <.n>: wrong type for value; expected string; got int64',
    ],
    ['{{printf 3}}', '', 'template: output:1:9: executing "output" at <3>: expected string; found 3'],
    ['{{printf .miss}}', '', 'template: output:1:9: executing "output" at <.miss>: invalid value; expected string'],
    [
      '{{(index .list 0)}} {{(.b).c}} {{(.b).c.d}}',
      '10 see ',
      'template: output:1:34: executing "output" at <.b>: can\'t evaluate field d in type interface {}',
    ],
    ['{{(.a).c}}', '', 'template: output:1:3: executing "output" at <.a>: can\'t evaluate field c in type string'],
    ['{{"x".y}}', '', 'template: output:1: unexpected . after term "\\"x\\""'],
    ['{{foo}}', '', 'template: output:1: function "foo" not defined'],
    ['{{.a', '', 'template: output:1: unclosed action'],
    ['{{if}}x{{end}}', '', 'template: output:1: missing value for if'],
    ['{{if .a}}', '', 'template: output:1: unexpected EOF'],
    ['{{end}}', '', 'template: output:1: unexpected {{end}}'],
    ['{{else}}', '', 'template: output:1: unexpected {{else}}'],
    ['{{break}}', '', 'template: output:1: {{break}} outside {{range}}'],
    ['{{$y}}', '', 'template: output:1: undefined variable "$y"'],
    ['{{.a | 3}}', '', 'template: output:1: non executable command in pipeline stage 2'],
    ['{{.a | .b}}', '', 'template: output:1:7: executing "output" at <.b>: b is not a method but has arguments'],
    ["{{'ab'}}", '', "template: output:1: malformed character constant: 'ab'"],
    ['{{08}}', '', 'template: output:1: integer overflow: "08"'],
    ['{{1a}}', '', 'template: output:1: bad number syntax: "1a"'],
    [
      '{{.a.b.c}}',
      '',
      'template: output:1:4: executing "output" at <.a.b.c>: can\'t evaluate field b in type interface {}',
    ],
    [
      '{{range .maps}}{{.name.x}}{{end}}',
      '',
      'template: output:1:22: executing "output" at <.name.x>: can\'t evaluate field x in type interface {}',
    ],
    [
      '{{range .list}}{{.x}}{{end}}',
      '',
      'template: output:1:17: executing "output" at <.x>: can\'t evaluate field x in type interface {}',
    ],
    [
      '{{.maps.name}}',
      '',
      'template: output:1:7: executing "output" at <.maps.name>: can\'t evaluate field name in type interface {}',
    ],
    [
      '{{base64decode "aGk"}}',
      '',
      'template: output:1:2: executing "output" at <base64decode "aGk">: error calling base64decode: base64 decode failed: illegal base64 data at input byte 0',
    ],
    [
      '{{base64decode "a$k="}}',
      '',
      'template: output:1:2: executing "output" at <base64decode "a$k=">: error calling base64decode: base64 decode failed: illegal base64 data at input byte 1',
    ],
    [
      '{{base64decode "aGk=x"}}',
      '',
      'template: output:1:2: executing "output" at <base64decode "aGk=x">: error calling base64decode: base64 decode failed: illegal base64 data at input byte 4',
    ],
    [
      '{{base64decode "aG=k"}}',
      '',
      'template: output:1:2: executing "output" at <base64decode "aG=k">: error calling base64decode: base64 decode failed: illegal base64 data at input byte 2',
    ],
    [
      '{{base64decode .n}}',
      '',
      'template: output:1:15: executing "output" at <.n>: wrong type for value; expected string; got int64',
    ],
    [
      '{{base64decode}}',
      '',
      'template: output:1:2: executing "output" at <base64decode>: wrong number of args for base64decode: want 1 got 0',
    ],
    [
      '{{base64decode "a" "b"}}',
      '',
      'template: output:1:2: executing "output" at <base64decode>: wrong number of args for base64decode: want 1 got 2',
    ],
    ['{{not}}', '', 'template: output:1:2: executing "output" at <not>: wrong number of args for not: want 1 got 0'],
    [
      '{{eq 1}}',
      '',
      'template: output:1:2: executing "output" at <eq 1>: error calling eq: missing argument for comparison',
    ],
    [
      '{{and}}',
      '',
      'template: output:1:2: executing "output" at <and>: wrong number of args for and: want at least 1 got 0',
    ],
    [
      '{{ .a\n}}{{.nul.x}}',
      'hi',
      'template: output:2:8: executing "output" at <.nul.x>: nil pointer evaluating interface {}.x',
    ],
    [
      'line1\nline2 {{ .a.q }}',
      'line1\nline2 ',
      'template: output:2:11: executing "output" at <.a.q>: can\'t evaluate field q in type interface {}',
    ],
    [
      '{{define "t"}}{{.x.y}}{{end}}{{template "t" .a}}',
      '',
      'template: output:1:18: executing "t" at <.x.y>: can\'t evaluate field x in type string',
    ],
    ['{{define x}}{{end}}', '', 'template: output:1: unexpected "x" in define clause'],
    ['{{template .a}}', '', 'template: output:1: unexpected ".a" in template clause'],
    ['{{range $a, $b, $c := .list}}{{end}}', '', 'template: output:1: too many declarations in range'],
    ['{{$x, $y := .a}}', '', 'template: output:1: too many declarations in command'],
    ['{{.a := 3}}', '', 'template: output:1: unexpected ":=" in operand'],
    ['{{if .a}}x{{else}}y{{else}}z{{end}}', '', 'template: output:1: expected end; found {{else}}'],
    ['{{ ( }}', '', 'template: output:1: unclosed left paren'],
    ['{{ ) }}', '', 'template: output:1: unexpected right paren'],
    ['{{"abc}}', '', 'template: output:1: unterminated quoted string'],
    ['{{/* x }}', '', 'template: output:1: unclosed comment'],
    ['{{.a !}}', '', 'template: output:1: unexpected "!" in operand'],
    ['{{ .a@b }}', '', "template: output:1: bad character U+0040 '@'"],
    [
      '{{.b.c.d.e}}',
      '',
      'template: output:1:4: executing "output" at <.b.c.d.e>: can\'t evaluate field d in type interface {}',
    ],
    ['{{true}} {{false}} {{true.x}}', '', 'template: output:1: unexpected . after term "true"'],
    ['{{range $k, $v := .b}}{{end}}{{$k}}', '', 'template: output:1: undefined variable "$k"'],
    [
      '{{define "a"}}1{{end}}{{define "a"}}2{{end}}',
      '',
      'template: output:1: template: multiple definition of template "a"',
    ],
    ['{{.a}}{{/*', '', 'template: output:1: unclosed comment'],
    ['{{range .list}}{{.}}{{end', '', 'template: output:1: unclosed action'],
    ['{{if .a}}\n{{.a}\n{{end}}', '', "template: output:2: bad character U+007D '}'"],
    [
      '{{slice .b 1}}',
      '',
      'template: output:1:2: executing "output" at <slice .b 1>: error calling slice: can\'t slice item of type map[string]interface {}',
    ],
    [
      '{{slice .list 0 1 5}}',
      '',
      'template: output:1:2: executing "output" at <slice .list 0 1 5>: error calling slice: index out of range: 5',
    ],
    [
      '{{$x := 5}}{{$x .a}}',
      '',
      'template: output:1:13: executing "output" at <$x>: can\'t give argument to non-function $x',
    ],
    ['{{.', '', 'template: output:1: illegal number syntax: "."'],
  ])('%s fails', (template, written, message) => {
    let caught: unknown
    try {
      parseGoTemplate(template)(data)
    } catch (error) {
      caught = error
    }
    expect(caught instanceof TemplateRunError || caught instanceof TemplateSyntaxError).toBe(true)
    expect((caught as Error).message).toBe(message)
    expect(caught instanceof TemplateRunError ? caught.output : '').toBe(written)
  })

  it('stops a template that calls itself for ever', () => {
    const run = parseGoTemplate('{{define "r"}}{{template "r" .}}{{end}}{{template "r" .}}')
    expect(() => run(data)).toThrow('exceeded maximum template depth')
  })

  it('refuses blocks nested without measure', () => {
    expect(() => parseGoTemplate('{{if 1}}'.repeat(5000))).toThrow('max expression depth exceeded')
    expect(() => parseGoTemplate(`{{${'('.repeat(5000)}`)).toThrow('max expression depth exceeded')
  })
})
