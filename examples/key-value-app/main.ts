// Starts the key-value service in its container; finds redis by the names of its services.

import { networkInterfaces } from 'node:os'
import { createRedisClient } from '../guestbook/redis-client.ts'
import { endWhenTold } from '../serve.ts'
import { createKeyValueApp } from './server.ts'

const redisAt = (host: string) => createRedisClient({ host, port: 6379, timeout: 2000 })
const own = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find((a) => a.family === 'IPv4' && !a.internal)
const master = redisAt('redis-master')
const replica = redisAt('redis-slave')
const server = createKeyValueApp({ master, replica, podIP: own?.address ?? '' })
endWhenTold(server, Number(process.env.PORT ?? '80'), [master, replica])
