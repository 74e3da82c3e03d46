// Who the user is when the command runs through sudo: files in their home belong to them.

import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'

/** Home of the user who called sudo, else our own. */
export function userHome(env: NodeJS.ProcessEnv): string {
  const user = env.SUDO_USER
  if (!user || user === 'root') return homedir()
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((l) => l.startsWith(`${user}:`))
  return line?.split(':')[5] ?? homedir()
}

/** Ids of the user who called sudo; undefined when nobody did. */
export function userOwner(env: NodeJS.ProcessEnv): { uid: number; gid: number } | undefined {
  const { SUDO_UID, SUDO_GID } = env
  return SUDO_UID && SUDO_GID ? { uid: Number(SUDO_UID), gid: Number(SUDO_GID) } : undefined
}
