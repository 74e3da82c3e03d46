import { describe, expect, it } from 'vitest'
import { parseTokenFile } from './token-file.ts'

describe('token files', () => {
  it('name users, uids and groups', () => {
    const users = parseTokenFile('t1,alice,u1,"dev, ops"\n\n  t2 , "bob ""b"" x" , u2\n')
    expect(users.get('t1')).toEqual({ name: 'alice', uid: 'u1', groups: ['dev', 'ops', 'system:authenticated'] })
    expect(users.get('t2')).toEqual({ name: 'bob "b" x', uid: 'u2', groups: ['system:authenticated'] })
  })

  it.each([
    ['a,b,1\nsecret,x', 'line 2: token file must have at least 3 columns (token, user name, user uid), found 2'],
    [',b,1', 'line 1: empty token'],
    ['a,"b,1', 'line 1: bare "'],
  ])('%j is refused', (text, message) => {
    expect(() => parseTokenFile(text)).toThrow(message)
    expect(() => parseTokenFile(text)).not.toThrow('secret')
  })
})
