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

describe('configurations that are wrong', () => {
  it.each([
    ['- {}', 'jwt[0].issuer.url: Required value: URL is required'],
    [
      '- issuer: {url: "http://x", audiences: [a]}',
      'jwt[0].issuer.url: Invalid value: "http://x": URL scheme must be https',
    ],
    ['- issuer: {url: "https://x"}', 'at least one issuer.audiences is required'],
    ['- issuer: {url: "https://x", audiences: [a, b]}', 'audienceMatchPolicy must be MatchAny'],
    [`- ${ISSUER}`, 'jwt[0].claimMappings.username: Required value: claim or expression is required'],
    [`- ${ISSUER}\n  claimMappings: {username: {claim: sub}}`, 'prefix is required when claim is set'],
    [`- ${ISSUER}\n  claimMappings: {username: {claim: a, expression: b}}`, "claim and expression can't both be set"],
    [`- ${ISSUER}\n  claimMappings: {username: {expression: "claims."}}`, 'username.expression: Invalid value'],
    [
      `- ${ISSUER}\n  claimValidationRules: [{expression: "claims.a + 1"}]\n  claimMappings: {username: {expression: claims.a}}`,
      'claimValidationRules[0].expression',
    ],
  ])('%s', (jwt, message) => {
    expect(() => configOf(jwt)).toThrow(message)
  })
})
