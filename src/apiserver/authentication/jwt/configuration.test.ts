import { describe, expect, it } from 'vitest'
import { userOf } from './authenticator.ts'
import { parseAuthenticationConfiguration } from './configuration.ts'

const configOf = (jwt: string) =>
  parseAuthenticationConfiguration(
    `apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\njwt:\n${jwt}`,
  )
const ISSUER = 'issuer: {url: "https://idp.example", audiences: [kube]}'
const firstOf = (mappings: string, rest = '') => {
  const [issuer] = configOf(`- ${ISSUER}\n  claimMappings: ${mappings}\n${rest}`).issuers
  if (!issuer) throw new Error('no issuer')
  return issuer
}

describe('claims of tokens', () => {
  const claims = { sub: 's1', email: 'a@x.org', roles: ['dev', ''], team: 'blue', level: 3 }

  it('become users as they are, with prefixes', () => {
    const issuer = firstOf(
      '{username: {claim: sub, prefix: "idp:"}, groups: {claim: roles, prefix: "g:"}, uid: {claim: sub}}',
    )
    expect(userOf(issuer, claims)).toEqual({ name: 'idp:s1', uid: 's1', groups: ['g:dev', 'system:authenticated'] })
  })

  it('become users by expressions', () => {
    const issuer = firstOf(
      `{username: {expression: "claims.sub + '@' + claims.team"}, groups: {expression: "claims.roles"},` +
        ` extra: [{key: "example.org/team", valueExpression: "claims.team"}]}`,
      '  claimValidationRules: [{expression: "claims.level > 2", message: too low}]\n' +
        `  userValidationRules: [{expression: "!user.username.startsWith('system:')", message: reserved}]`,
    )
    expect(userOf(issuer, claims)).toEqual({
      name: 's1@blue',
      groups: ['dev', 'system:authenticated'],
      extra: { 'example.org/team': ['blue'] },
    })
    expect(() => userOf(issuer, { ...claims, level: 1 })).toThrow('too low')
    expect(() => userOf(issuer, { ...claims, sub: 'system:x' })).toThrow('reserved')
  })

  it.each([
    [{ ...claims, hd: 'y' }, 'oidc: required claim hd value does not match. Got = y, want = x'],
    [claims, 'oidc: required claim hd not present in ID token'],
    [{ ...claims, hd: 'x', email_verified: false }, 'oidc: email not verified'],
    [{ ...claims, hd: 'x', email: 1 }, 'could not get the username'],
  ])('%o are refused', (given, message) => {
    const issuer = firstOf(
      '{username: {claim: email, prefix: ""}}',
      '  claimValidationRules: [{claim: hd, requiredValue: x}]',
    )
    expect(() => userOf(issuer, given)).toThrow(message)
  })
})

// What kube-apiserver v1.36 says of them when it starts; `!` stands for its usual beginning.
describe('configurations are judged as by ValidateAuthenticationConfiguration', () => {
  const head = 'apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n'
  const issuers = (rest: string) => `jwt:\n- issuer: {url: "https://idp.example", audiences: [kube]}\n${rest}`
  const mappings = '  claimMappings: {username: {claim: sub, prefix: ""}}\n'
  const cases: readonly [text: string, said: string][] = [
    ['', ''],
    [
      'jwt: 5\n',
      'json: cannot unmarshal number into Go struct field AuthenticationConfiguration.jwt of type []v1.JWTAuthenticator',
    ],
    ['nope: 1\n', 'strict decoding error: unknown field "nope"'],
    ['jwt: [{nope: 1}]\n', 'strict decoding error: unknown field "jwt[0].nope"'],
    [
      'jwt: [{issuer: {url: 5}}]\n',
      'json: cannot unmarshal number into Go struct field Issuer.jwt.issuer.url of type string',
    ],
    [
      'jwt: [{}]\n',
      '![jwt[0].issuer.url: Required value, jwt[0].issuer.audiences: Required value: at least one jwt[0].issuer.audiences is required, jwt[0].claimMappings.username: Required value: claim or expression is required]',
    ],
    [
      `jwt:\n- issuer: {url: "http://x", audiences: [a]}\n${mappings}`,
      '!jwt[0].issuer.url: Invalid value: "http://x": URL scheme must be https',
    ],
    [
      `jwt:\n- issuer: {url: "https://u:p@x", audiences: [a]}\n${mappings}`,
      '!jwt[0].issuer.url: Invalid value: "https://u:p@x": URL must not contain a username or password',
    ],
    [
      `jwt:\n- issuer: {url: "https://x?q=1", audiences: [a]}\n${mappings}`,
      '!jwt[0].issuer.url: Invalid value: "https://x?q=1": URL must not contain a query',
    ],
    [
      `jwt:\n- issuer: {url: "https://x#f", audiences: [a]}\n${mappings}`,
      '!jwt[0].issuer.url: Invalid value: "https://x#f": URL must not contain a fragment',
    ],
    [
      `jwt:\n- issuer: {url: "%zz", audiences: [a]}\n${mappings}`,
      '!jwt[0].issuer.url: Invalid value: "%zz": parse "%zz": invalid URL escape "%zz"',
    ],
    [
      `jwt:\n- issuer: {url: "x", audiences: [a]}\n${mappings}`,
      '!jwt[0].issuer.url: Invalid value: "x": URL scheme must be https',
    ],
    [
      `jwt:\n- issuer: {url: "https://x", audiences: []}\n${mappings}`,
      '!jwt[0].issuer.audiences: Required value: at least one jwt[0].issuer.audiences is required',
    ],
    [
      `jwt:\n- issuer: {url: "https://x", audiences: [a, b]}\n${mappings}`,
      '!jwt[0].issuer.audienceMatchPolicy: Invalid value: "": audienceMatchPolicy must be MatchAny for multiple audiences',
    ],
    [
      `jwt:\n- issuer: {url: "https://x", audiences: [a, a, ""], audienceMatchPolicy: MatchAny}\n${mappings}`,
      '![jwt[0].issuer.audiences[1]: Duplicate value: "a", jwt[0].issuer.audiences[2]: Required value]',
    ],
    [
      `jwt:\n- issuer: {url: "https://x", audiences: [a], audienceMatchPolicy: Some}\n${mappings}`,
      '!jwt[0].issuer.audienceMatchPolicy: Invalid value: "Some": audienceMatchPolicy must be empty or MatchAny for single audience',
    ],
    [
      `jwt:\n- issuer: {url: "https://x", audiences: [a], discoveryURL: "https://x/"}\n${mappings}`,
      '!jwt[0].issuer.discoveryURL: Invalid value: "https://x/": discoveryURL must be different from URL',
    ],
    [
      `jwt:\n- issuer: {url: "https://x", audiences: [a], discoveryURL: "http://y?z=1"}\n${mappings}`,
      '![jwt[0].issuer.discoveryURL: Invalid value: "http://y?z=1": URL scheme must be https, jwt[0].issuer.discoveryURL: Invalid value: "http://y?z=1": URL must not contain a query]',
    ],
    [
      `jwt:\n- issuer: {url: "https://x", audiences: [a], certificateAuthority: nonsense}\n${mappings}`,
      '!jwt[0].issuer.certificateAuthority: Invalid value: "<omitted>": data does not contain any valid RSA or ECDSA certificates',
    ],
    [
      `jwt:\n- issuer: {url: "https://x", audiences: [a], certificateAuthority: "-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\\n"}\n${mappings}`,
      '!jwt[0].issuer.certificateAuthority: Invalid value: "<omitted>": x509: malformed certificate',
    ],
    [
      `jwt:\n- issuer: {url: "https://x", audiences: [a], egressSelectorType: some}\n${mappings}`,
      '!jwt[0].issuer.egressSelectorType: Invalid value: "some": egress selector must be either controlplane or cluster',
    ],
    [
      'jwt:\n- {issuer: {url: "https://idp.example", audiences: [kube]}, claimMappings: {username: {claim: sub, prefix: ""}}}\n- {issuer: {url: "https://idp.example", audiences: [kube]}, claimMappings: {username: {claim: sub, prefix: ""}}}\n',
      '!jwt[1].issuer.url: Duplicate value: "https://idp.example"',
    ],
    [
      `jwt:\n- issuer: {url: "https://x", audiences: [a], discoveryURL: "https://z"}\n${mappings}- issuer: {url: "https://y", audiences: [a], discoveryURL: "https://z"}\n${mappings}`,
      '!jwt[1].issuer.discoveryURL: Duplicate value: "https://z"',
    ],
    [issuers(''), '!jwt[0].claimMappings.username: Required value: claim or expression is required'],
    [
      issuers('  claimMappings: {username: {claim: sub}}\n'),
      '!jwt[0].claimMappings.username.prefix: Required value: prefix is required when claim is set. It can be set to an empty string to disable prefixing',
    ],
    [
      issuers('  claimMappings: {username: {claim: a, expression: b}}\n'),
      '!jwt[0].claimMappings.username: Invalid value: "": claim and expression can\'t both be set',
    ],
    [
      issuers('  claimMappings: {username: {expression: "claims."}}\n'),
      '!jwt[0].claimMappings.username.expression: Invalid value: "claims.": compilation failed: ERROR: <input>:1:8: Syntax error: no viable alternative at input \'.\'\n | claims.\n | .......^',
    ],
    [issuers('  claimMappings: {username: {expression: "claims.a + 1"}}\n'), ''],
    [issuers('  claimMappings: {username: {expression: "1"}}\n'), ''],
    [
      issuers('  claimMappings: {username: {expression: "claims.a", prefix: x}}\n'),
      '!jwt[0].claimMappings.username.prefix: Invalid value: "x": may not be specified when expression is set',
    ],
    [
      issuers('  claimMappings: {username: {expression: "nope.a"}}\n'),
      "!jwt[0].claimMappings.username.expression: Invalid value: \"nope.a\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'nope' (in container '')\n | nope.a\n | ^",
    ],
    [
      issuers('  claimMappings: {username: {expression: claims.email}}\n'),
      '!jwt[0].claimMappings.username.expression: Invalid value: "claims.email": claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression',
    ],
    [
      issuers('  claimMappings: {username: {expression: "claims.?email.orValue(\'\')"}}\n'),
      '!jwt[0].claimMappings.username.expression: Invalid value: "claims.?email.orValue(\'\')": claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression',
    ],
    [issuers('  claimMappings: {username: {expression: "claims.email_verified ? claims.email : \'\'"}}\n'), ''],
    [
      issuers('  claimMappings: {username: {claim: a, prefix: ""}, groups: {claim: b}}\n'),
      '!jwt[0].claimMappings.groups.prefix: Required value: prefix is required when claim is set. It can be set to an empty string to disable prefixing',
    ],
    [
      issuers('  claimMappings: {username: {claim: a, prefix: ""}, groups: {claim: b, expression: c, prefix: ""}}\n'),
      '!jwt[0].claimMappings.groups: Invalid value: "": claim and expression can\'t both be set',
    ],
    [issuers('  claimMappings: {username: {claim: a, prefix: ""}, groups: {expression: "[1]"}}\n'), ''],
    [issuers('  claimMappings: {username: {claim: a, prefix: ""}, groups: {expression: "true"}}\n'), ''],
    [issuers('  claimMappings: {username: {claim: a, prefix: ""}, groups: {prefix: x}}\n'), ''],
    [
      issuers('  claimMappings: {username: {claim: a, prefix: ""}, uid: {claim: a, expression: b}}\n'),
      '!jwt[0].claimMappings.uid: Invalid value: "": claim and expression can\'t both be set',
    ],
    [issuers('  claimMappings: {username: {claim: a, prefix: ""}, uid: {expression: "1"}}\n'), ''],
    [
      issuers('  claimMappings: {username: {claim: a, prefix: ""}, extra: [{key: "", valueExpression: "claims.a"}]}\n'),
      '!jwt[0].claimMappings.extra[0].key: Required value',
    ],
    [
      issuers(
        '  claimMappings: {username: {claim: a, prefix: ""}, extra: [{key: "foo", valueExpression: "claims.a"}]}\n',
      ),
      '!jwt[0].claimMappings.extra[0].key: Invalid value: "foo": must be a domain-prefixed path (such as "acme.io/foo")',
    ],
    [
      issuers(
        '  claimMappings: {username: {claim: a, prefix: ""}, extra: [{key: "Foo.org/x", valueExpression: "claims.a"}]}\n',
      ),
      "![jwt[0].claimMappings.extra[0].key: Invalid value: \"Foo.org\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*'), jwt[0].claimMappings.extra[0].key: Invalid value: \"Foo.org/x\": must be lowercase]",
    ],
    [
      issuers(
        '  claimMappings: {username: {claim: a, prefix: ""}, extra: [{key: "a.org/X", valueExpression: "claims.a"}]}\n',
      ),
      '!jwt[0].claimMappings.extra[0].key: Invalid value: "a.org/X": must be lowercase',
    ],
    [
      issuers(
        '  claimMappings: {username: {claim: a, prefix: ""}, extra: [{key: "k8s.io/x", valueExpression: "claims.a"}]}\n',
      ),
      '!jwt[0].claimMappings.extra[0].key: Invalid value: "k8s.io/x": k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use',
    ],
    [
      issuers(
        '  claimMappings: {username: {claim: a, prefix: ""}, extra: [{key: "a.kubernetes.io/x", valueExpression: "claims.a"}]}\n',
      ),
      '!jwt[0].claimMappings.extra[0].key: Invalid value: "a.kubernetes.io/x": k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use',
    ],
    [
      issuers(
        '  claimMappings: {username: {claim: a, prefix: ""}, extra: [{key: "a.org/", valueExpression: "claims.a"}]}\n',
      ),
      '!jwt[0].claimMappings.extra[0].key: Invalid value: "a.org/": must be a domain-prefixed path (such as "acme.io/foo")',
    ],
    [
      issuers(
        '  claimMappings: {username: {claim: a, prefix: ""}, extra: [{key: "/x", valueExpression: "claims.a"}]}\n',
      ),
      '!jwt[0].claimMappings.extra[0].key: Invalid value: "/x": must be a domain-prefixed path (such as "acme.io/foo")',
    ],
    [
      issuers(
        '  claimMappings: {username: {claim: a, prefix: ""}, extra: [{key: "a_b/x", valueExpression: "claims.a"}]}\n',
      ),
      "!jwt[0].claimMappings.extra[0].key: Invalid value: \"a_b\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    ],
    [
      issuers(
        '  claimMappings: {username: {claim: a, prefix: ""}, extra: [{key: "a.org/x", valueExpression: "claims.a"}, {key: "a.org/x", valueExpression: "claims.a"}]}\n',
      ),
      '!jwt[0].claimMappings.extra[1].key: Duplicate value: "a.org/x"',
    ],
    [
      issuers('  claimMappings: {username: {claim: a, prefix: ""}, extra: [{key: "a.org/x"}]}\n'),
      '!jwt[0].claimMappings.extra[0].valueExpression: Required value',
    ],
    [
      issuers('  claimMappings: {username: {claim: a, prefix: ""}, extra: [{key: "a.org/x", valueExpression: "1"}]}\n'),
      '',
    ],
    [
      issuers('  claimMappings: {username: {claim: a, prefix: ""}, extra: [{key: "a.org/x", valueExpression: ")"}]}\n'),
      "!jwt[0].claimMappings.extra[0].valueExpression: Invalid value: \")\": compilation failed: ERROR: <input>:1:1: Syntax error: mismatched input ')' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | )\n | ^",
    ],
    [
      issuers(`${mappings}  claimValidationRules: [{}]\n`),
      '!jwt[0].claimValidationRules[0]: Required value: claim or expression is required',
    ],
    [
      issuers(`${mappings}  claimValidationRules: [{claim: a, expression: b}]\n`),
      '!jwt[0].claimValidationRules[0]: Invalid value: "a": claim and expression can\'t both be set',
    ],
    [
      issuers(`${mappings}  claimValidationRules: [{claim: a, message: m}]\n`),
      '!jwt[0].claimValidationRules[0].message: Invalid value: "m": may not be specified when claim is set',
    ],
    [
      issuers(`${mappings}  claimValidationRules: [{expression: "true", requiredValue: x}]\n`),
      '!jwt[0].claimValidationRules[0].requiredValue: Invalid value: "x": may not be specified when expression is set',
    ],
    [
      issuers(`${mappings}  claimValidationRules: [{expression: "1"}]\n`),
      '!jwt[0].claimValidationRules[0].expression: Invalid value: "1": must evaluate to bool',
    ],
    [
      issuers(`${mappings}  claimValidationRules: [{expression: "claims.a"}]\n`),
      '!jwt[0].claimValidationRules[0].expression: Invalid value: "claims.a": must evaluate to bool',
    ],
    [
      issuers(`${mappings}  claimValidationRules: [{expression: "claims."}]\n`),
      '!jwt[0].claimValidationRules[0].expression: Invalid value: "claims.": compilation failed: ERROR: <input>:1:8: Syntax error: no viable alternative at input \'.\'\n | claims.\n | .......^',
    ],
    [
      issuers(`${mappings}  claimValidationRules: [{expression: "user.a == 1"}]\n`),
      "!jwt[0].claimValidationRules[0].expression: Invalid value: \"user.a == 1\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'user' (in container '')\n | user.a == 1\n | ^",
    ],
    [
      issuers(`${mappings}  claimValidationRules: [{claim: a}, {claim: a}]\n`),
      '!jwt[0].claimValidationRules[1].claim: Duplicate value: "a"',
    ],
    [
      issuers(`${mappings}  claimValidationRules: [{expression: "true"}, {expression: "true"}]\n`),
      '!jwt[0].claimValidationRules[1].expression: Duplicate value: "true"',
    ],
    [issuers(`${mappings}  userValidationRules: [{}]\n`), '!jwt[0].userValidationRules[0].expression: Required value'],
    [
      issuers(`${mappings}  userValidationRules: [{expression: "1"}]\n`),
      '!jwt[0].userValidationRules[0].expression: Invalid value: "1": must evaluate to bool',
    ],
    [
      issuers(`${mappings}  userValidationRules: [{expression: "user."}]\n`),
      '!jwt[0].userValidationRules[0].expression: Invalid value: "user.": compilation failed: ERROR: <input>:1:6: Syntax error: no viable alternative at input \'.\'\n | user.\n | .....^',
    ],
    [
      issuers(`${mappings}  userValidationRules: [{expression: "user.nope == 1"}]\n`),
      '!jwt[0].userValidationRules[0].expression: Invalid value: "user.nope == 1": compilation failed: ERROR: <input>:1:5: undefined field \'nope\'\n | user.nope == 1\n | ....^',
    ],
    [
      issuers(`${mappings}  userValidationRules: [{expression: "claims.a == 1"}]\n`),
      "!jwt[0].userValidationRules[0].expression: Invalid value: \"claims.a == 1\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'claims' (in container '')\n | claims.a == 1\n | ^",
    ],
    [
      issuers(`${mappings}  userValidationRules: [{expression: "true"}, {expression: "true"}]\n`),
      '!jwt[0].userValidationRules[1].expression: Duplicate value: "true"',
    ],
    [
      issuers(`${mappings}  userValidationRules: [{expression: "user.username == 1"}]\n`),
      "!jwt[0].userValidationRules[0].expression: Invalid value: \"user.username == 1\": compilation failed: ERROR: <input>:1:15: found no matching overload for '_==_' applied to '(string, int)'\n | user.username == 1\n | ..............^",
    ],
    [
      'anonymous: {enabled: false, conditions: [{path: /a}]}\n',
      '!anonymous.conditions: Invalid value: [{"Path":"/a"}]: enabled should be set to true when conditions are defined',
    ],
    [
      'anonymous: {enabled: 5}\n',
      'json: cannot unmarshal number into Go struct field AnonymousAuthConfig.anonymous.enabled of type bool',
    ],
    ['anonymous: {enabled: true, conditions: [{}]}\n', ''],
    ['anonymous: {enabled: true, conditions: [{path: /a}, {path: /a}]}\n', ''],
    [
      'jwt:\n- {}\n- {}\nanonymous: {enabled: false, conditions: [{path: /a}]}\n',
      '![jwt[0].issuer.url: Required value, jwt[0].issuer.audiences: Required value: at least one jwt[0].issuer.audiences is required, jwt[0].claimMappings.username: Required value: claim or expression is required, jwt[1].issuer.url: Required value, jwt[1].issuer.audiences: Required value: at least one jwt[1].issuer.audiences is required, jwt[1].claimMappings.username: Required value: claim or expression is required, jwt[1].issuer.url: Duplicate value: "", anonymous.conditions: Invalid value: [{"Path":"/a"}]: enabled should be set to true when conditions are defined]',
    ],
  ]
  it.each(cases)('%j', (text, said) => {
    const parse = () => parseAuthenticationConfiguration(`${head}${text}`)
    if (said === '') expect(parse).not.toThrow()
    else expect(parse).toThrow(new Error(said.replace(/^!/, 'invalid authentication configuration: ')))
  })

  it('issuers of service accounts are nobody else', () => {
    const url = 'https://idp.example'
    const text = `${head}${issuers(mappings)}`
    expect(() => parseAuthenticationConfiguration(text, [url])).toThrow(
      `jwt[0].issuer.url: Invalid value: "${url}": URL must not overlap with disallowed issuers: [${url}]`,
    )
  })

  it.each([
    ['', 'empty config data'],
    [
      'apiVersion: v1\nkind: Pod\n',
      'no kind "Pod" is registered for version "v1" in scheme "pkg/runtime/scheme.go:111"',
    ],
  ])('%j is none', (text, said) => {
    expect(() => parseAuthenticationConfiguration(text)).toThrow(said)
  })
})
