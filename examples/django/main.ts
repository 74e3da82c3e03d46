// Starts the hello service in its container.

import { hostname } from 'node:os'
import { endWhenTold } from '../serve.ts'
import { createHello } from './server.ts'

endWhenTold(createHello(hostname()), Number(process.env.PORT ?? '8111'))
