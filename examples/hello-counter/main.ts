// Starts the hello counter in its container; redis is expected under the name `redis`.

import { createRedisClient } from '../guestbook/redis-client.ts'
import { endWhenTold } from '../serve.ts'
import { createHelloCounter } from './server.ts'

const redis = createRedisClient({ host: 'redis', port: 6379, timeout: 2000 })
endWhenTold(createHelloCounter(redis), Number(process.env.PORT ?? '80'), [redis])
