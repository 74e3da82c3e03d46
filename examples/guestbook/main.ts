// Starts the guestbook in its container: finds redis by service variables or by DNS, and ends when told to.

import { hostname } from 'node:os'
import { createRedisClient } from './redis-client.ts'
import { createGuestbook } from './server.ts'

const TIMEOUT = 2000
const { env } = process

/** Address of a service: from its variables when GET_HOSTS_FROM is `env`, else its name in DNS. */
function redisAt(service: string): { host: string; port: number; timeout: number } {
  const prefix = service.toUpperCase().replaceAll('-', '_')
  const host = env.GET_HOSTS_FROM === 'env' ? env[`${prefix}_SERVICE_HOST`] : undefined
  return { host: host ?? service, port: 6379, timeout: TIMEOUT }
}

const log = (line: string) => console.log(new Date().toISOString(), line)
const master = createRedisClient(redisAt('redis-master'))
const replica = createRedisClient(redisAt('redis-slave'))
const web = env.GUESTBOOK_WEB ?? '/app/web'
const server = await createGuestbook({ master, replica, web, hostname: hostname(), log })
const port = Number(env.PORT ?? '80')
server.listen(port, () => log(`guestbook on port ${port}`))

// The first process of a container gets no default handling of signals.
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    log(`${signal}: closing`)
    server.close()
    server.closeIdleConnections()
    master.close()
    replica.close()
  })
}
