// Pages under /debug: profiles of this process, and how much it logs.
// Model: net/http/pprof and k8s.io/apiserver/pkg/server/routes.

import type { Clock } from '../../machinery/clock.ts'
import { badRequest, NothingHere, pageNotFound } from '../../machinery/errors.ts'
import type { Measurement } from '../profiling/profiler.ts'
import { readBody } from './body.ts'
import type { Request, Response } from './exchange.ts'
import type { RequestInfo } from './request-info.ts'
import { sendPlain, sendText } from './respond.ts'

export interface DebugEnv {
  readonly clock: Clock
  readonly profiling: boolean
  /** What the process was started with. */
  readonly commandLine: readonly string[]
  /** Sets how much is logged; absent: that stays as it is. */
  readonly setVerbosity?: (level: number) => void
}

const PPROF = '/debug/pprof/'
const MAX_SECONDS = 300
const DEFAULT_CPU_SECONDS = 30
const DEFAULT_HEAP_SECONDS = 1
const HTML = 'text/html; charset=utf-8'

const PROFILES = [
  ['allocs', 'A sampling of all memory that is allocated within ?seconds= (1), be it still in use or not'],
  ['cmdline', 'The command line invocation of the current program'],
  ['heap', 'A sampling of memory that is allocated within ?seconds= (1) and still in use after them'],
  ['profile', 'CPU profile. Its length is given by ?seconds= (30)'],
] as const

/** What Go's servers have and this one has nothing of that would be the same. */
const MISSING: Readonly<Record<string, string>> = {
  block: 'nothing here blocks on synchronization primitives',
  goroutine: 'there are no goroutines here, and the engine keeps no stacks of what waits',
  mutex: 'there are no mutexes here',
  threadcreate: 'this process makes no threads of its own',
  trace: 'there is no execution tracer here',
}

/** Serves a path below /debug. Throws NotFound for those that are none. */
export async function serveDebug(
  env: DebugEnv,
  request: Request,
  response: Response,
  info: RequestInfo,
): Promise<void> {
  const { path } = info
  if (path === '/debug/') throw new NothingHere()
  if (path === '/debug/flags' || path === '/debug/flags/') return sendPlain(response, 200, flagsPage(), HTML)
  if (path === '/debug/flags/v') return setVerbosity(env, request, response)
  if (!env.profiling || !path.startsWith('/debug/pprof')) throw pageNotFound()
  if (path === '/debug/pprof') {
    response.setHeader('location', PPROF)
    return sendPlain(response, 302, `<a href="${PPROF}">Found</a>.\n\n`, HTML)
  }
  switch (path.slice(PPROF.length)) {
    case '':
      return sendText(response, 200, indexPage(), HTML)
    case 'cmdline':
      return sendText(response, 200, env.commandLine.join('\0'))
    case 'symbol':
      // Profiles of this server name their functions themselves: there are no addresses to look up.
      return sendText(response, 200, 'num_symbols: 0\n')
    case 'profile':
    case 'heap':
    case 'allocs':
      return sendProfile(env, response, info)
    default: {
      response.setHeader('x-go-pprof', '1')
      const why = MISSING[path.slice(PPROF.length)]
      return sendText(
        response,
        404,
        why ? `Unknown profile: ${why}; see profile, heap and allocs\n` : 'Unknown profile\n',
      )
    }
  }
}

async function sendProfile({ clock }: DebugEnv, response: Response, { path, query }: RequestInfo): Promise<void> {
  const name = path.slice(PPROF.length)
  const cpu = name === 'profile'
  const text = query.get('seconds') ?? String(cpu ? DEFAULT_CPU_SECONDS : DEFAULT_HEAP_SECONDS)
  const seconds = Number(text)
  if (!(seconds > 0) || seconds > MAX_SECONDS) throw badRequest(`invalid value for "seconds": ${JSON.stringify(text)}`)
  // Few ever ask for a profile: nobody else waits for this to be loaded.
  const { cpuProfile, heapProfile, ProfilingBusy } = await import('../profiling/profiler.ts')
  const { encodePprof } = await import('../profiling/pprof.ts')
  const measurement: Measurement = {
    now: () => clock.now(),
    wait: () =>
      new Promise((resolve) => {
        const cancel = clock.after(seconds * 1000, resolve)
        // Nobody waits for it any more.
        response.on('close', () => {
          cancel()
          resolve()
        })
      }),
  }
  try {
    const profile = encodePprof(await (cpu ? cpuProfile(measurement) : heapProfile(measurement, name === 'allocs')))
    response.writeHead(200, {
      'content-type': 'application/octet-stream',
      'content-disposition': `attachment; filename="${name}"`,
      'content-length': profile.length,
      'x-content-type-options': 'nosniff',
    })
    response.end(profile)
  } catch (error) {
    if (!(error instanceof ProfilingBusy)) throw error
    sendText(response, 500, `Could not enable profiling: ${error.message}\n`)
  }
}

async function setVerbosity({ setVerbosity: set }: DebugEnv, request: Request, response: Response): Promise<void> {
  const refuse = (code: number, why: string) => sendText(response, code, `${why}\n`, 'text/plain')
  if (request.method !== 'PUT') return refuse(406, 'unsupported http method')
  const text = (await readBody(request)).toString()
  if (!/^\d{1,2}$/.test(text)) return refuse(400, `strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`)
  if (!set) throw pageNotFound()
  set(Number(text))
  sendText(response, 200, `successfully set klog.logging.verbosity to ${text}`)
}

function indexPage(): string {
  const rows = PROFILES.map(([name, description]) => `<li><a href="${name}">${name}</a>: ${description}</li>`)
  return `<html>
<head>
<title>/debug/pprof/</title>
</head>
<body>
/debug/pprof/
<p>Types of profiles available:</p>
<ul>
${rows.join('\n')}
</ul>
</body>
</html>
`
}

function flagsPage(): string {
  return `<html>
<head>
<title>/debug/flags/</title>
</head>
<body>
/debug/flags/<br>
<br>
flags:<br>
<table>
<tr>v<br>
</table>
<br>
full flags configurable<br>
</body>
</html>
`
}
