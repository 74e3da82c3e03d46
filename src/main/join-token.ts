// Join tokens: bootstrap tokens that let a machine become a node, and nothing else.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/#bootstrap-token-secret-format

import { randomInt } from 'node:crypto'
import { secrets } from '../api/generated/resources.ts'
import type { Client } from '../client/client.ts'

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789'
const word = (length: number) => Array.from({ length }, () => LETTERS[randomInt(LETTERS.length)]).join('')

/** Makes a token that is good until `expires` (milliseconds since the epoch): `abcdef.0123456789abcdef`. */
export async function createJoinToken(client: Client, expires: number): Promise<string> {
  const id = word(6)
  const secret = word(16)
  const data = {
    'token-id': id,
    'token-secret': secret,
    expiration: new Date(expires).toISOString(),
    'usage-bootstrap-authentication': 'true',
    description: 'Made by "sampan node".',
  }
  await client.create(secrets, {
    metadata: { namespace: 'kube-system', name: `bootstrap-token-${id}` },
    type: 'bootstrap.kubernetes.io/token',
    data: Object.fromEntries(Object.entries(data).map(([k, v]) => [k, Buffer.from(v).toString('base64')])),
  })
  return `${id}.${secret}`
}
