// Static tokens: a file of comma-separated lines `token,user,uid,"group1,group2"`.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#static-token-file

import { AUTHENTICATED_GROUP, type UserInfo } from '../user.ts'
import type { Authenticator } from './authenticator.ts'

export type TokenFile = ReadonlyMap<string, UserInfo>

const MIN_COLUMNS = 3

/** Reads a token file. Throws an Error that says which line is wrong; tokens are never part of it. */
export function parseTokenFile(text: string): TokenFile {
  const users = new Map<string, UserInfo>()
  text.split(/\r?\n/).forEach((line, i) => {
    if (line.trim() === '') return
    const columns = columnsOf(line, i + 1)
    const [token = '', name = '', uid = '', groups = ''] = columns
    if (columns.length < MIN_COLUMNS) {
      throw new Error(
        `line ${i + 1}: token file must have at least 3 columns (token, user name, user uid), found ${columns.length}`,
      )
    }
    if (token === '') throw new Error(`line ${i + 1}: empty token has been found in token file`)
    const named = groups.split(',').flatMap((group) => (group.trim() === '' ? [] : [group.trim()]))
    users.set(token, { name, ...(uid ? { uid } : {}), groups: [...named, AUTHENTICATED_GROUP] })
  })
  return users
}

/** Has no opinion about tokens that the file does not have. */
export function tokenFileAuthenticator(users: TokenFile): Authenticator {
  return ({ bearerToken }) => (bearerToken === undefined ? undefined : users.get(bearerToken))
}

/** One line of comma-separated values; quotes hold a value with commas together. */
function columnsOf(line: string, number: number): string[] {
  const columns: string[] = []
  let rest = line
  for (;;) {
    const match = /^\s*(?:"((?:[^"]|"")*)"\s*|([^",]*))(,|$)/.exec(rest)
    if (!match) throw new Error(`line ${number}: bare " in a value without quotes, or a quote that is not closed`)
    columns.push((match[1]?.replaceAll('""', '"') ?? match[2] ?? '').trim())
    if (match[3] === '') return columns
    rest = rest.slice(match[0].length)
  }
}
