// kubectl proxy: a local server that passes requests on to the API server with the user's credentials.
// Model: k8s.io/kubectl/pkg/proxy/proxy_server.go.

import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer, type IncomingMessage, type RequestOptions, type Server, type ServerResponse } from 'node:http'
import { extname, join, normalize, resolve } from 'node:path'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ifThere } from '../../machinery/if-there.ts'
import type { KubectlCommand, KubectlContext } from '../command.ts'
import { ExitError, KubectlError, plainMessage } from '../errors.ts'
import { isAccepted, type ProxyFilter, proxyFilter } from '../proxy/filter.ts'

export const proxy: KubectlCommand = {
  name: 'proxy',
  usage: '[--port=PORT] [--www=static-dir] [--www-prefix=prefix] [--api-prefix=prefix] [options]',
  short: 'Run a proxy to the Kubernetes API server',
  flags: [
    {
      name: 'accept-hosts',
      type: 'string',
      fallback: '^localhost$,^127\\.0\\.0\\.1$,^\\[::1\\]$',
      description: 'Regular expression for hosts that the proxy should accept.',
    },
    {
      name: 'accept-paths',
      type: 'string',
      fallback: '^.*',
      description: 'Regular expression for paths that the proxy should accept.',
    },
    { name: 'address', type: 'string', fallback: '127.0.0.1', description: 'The IP address on which to serve on.' },
    { name: 'api-prefix', type: 'string', fallback: '/', description: 'Prefix to serve the proxied API under.' },
    {
      name: 'append-server-path',
      type: 'boolean',
      description: 'If true, enables automatic path appending of the kube context server path to each request.',
    },
    {
      name: 'disable-filter',
      type: 'boolean',
      description:
        'If true, disable request filtering in the proxy. This is dangerous, and can leave you vulnerable to XSRF attacks, when used with an accessible port.',
    },
    {
      name: 'keepalive',
      type: 'duration',
      fallback: '0s',
      description:
        'keepalive specifies the keep-alive period for an active network connection. Set to 0 to disable keepalive.',
    },
    {
      name: 'port',
      short: 'p',
      type: 'int',
      fallback: '8001',
      description: 'The port on which to run the proxy. Set to 0 to pick a random port.',
    },
    {
      name: 'reject-methods',
      type: 'string',
      fallback: '^$',
      description:
        "Regular expression for HTTP methods that the proxy should reject (example --reject-methods='POST,PUT,PATCH'). ",
    },
    {
      name: 'reject-paths',
      type: 'string',
      fallback: '^/api/.*/pods/.*/exec,^/api/.*/pods/.*/attach',
      description:
        'Regular expression for paths that the proxy should reject. Paths specified here will be rejected even accepted by --accept-paths.',
    },
    { name: 'unix-socket', short: 'u', type: 'string', description: 'Unix socket on which to run the proxy.' },
    {
      name: 'www',
      short: 'w',
      type: 'string',
      description: 'Also serve static files from the given directory under the specified prefix.',
    },
    {
      name: 'www-prefix',
      short: 'P',
      type: 'string',
      fallback: '/static/',
      description: 'Prefix to serve static files under, if static file directory is specified.',
    },
  ],
  async run({ args }, ctx) {
    const { flags } = ctx
    if (args.length > 0) throw new KubectlError(`unexpected arguments: [${args.join(' ')}]`)
    const socket = flags.string('unix-socket') ?? ''
    if (socket !== '' && (flags.changed('port') || flags.changed('address'))) {
      throw new KubectlError('cannot set --unix-socket and --port or --address at the same time')
    }
    const www = flags.string('www') ?? ''
    if (www !== '' && !(await isDirectory(resolve(ctx.cwd, www)))) {
      ctx.err(`The specified static path ${www} is not a directory or does not exist\n`)
    }
    await serve(ctx, await createProxy(ctx, www), socket)
    return 0
  },
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  )
}

const withSlashes = (prefix: string) => `/${prefix.replace(/^\/+|\/+$/g, '')}/`.replace(/\/+/g, '/')

async function createProxy(ctx: KubectlContext, www: string): Promise<Server> {
  const { flags } = ctx
  // What every request needs is looked at before the first one comes.
  const client = await ctx.client()
  await client.access()
  const filter = proxyFilter(flags)
  const apiPrefix = withSlashes(flags.string('api-prefix') ?? '/')
  const wwwPrefix = withSlashes(flags.string('www-prefix') ?? '/static/')
  const refused = (req: IncomingMessage) => filter !== undefined && !allowed(filter, req)
  const server = createServer((req, res) => {
    const handle = async () => {
      const path = pathOf(req)
      if (www !== '' && path.startsWith(wwwPrefix)) {
        return serveFile(resolve(ctx.cwd, www), path.slice(wwwPrefix.length), res)
      }
      if (refused(req)) return void res.writeHead(403, { 'content-type': 'text/html' }).end('<h3>Unauthorized</h3>')
      if (!path.startsWith(apiPrefix)) return void res.writeHead(404).end('404 page not found\n')
      return passOn(ctx, req, res, apiPrefix)
    }
    handle().catch((error: unknown) => {
      if (res.headersSent) res.destroy()
      else
        res
          .writeHead(502, { 'content-type': 'text/plain' })
          .end(`Error while proxying request: ${plainMessage(error)}\n`)
    })
  })
  server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (refused(req) || !pathOf(req).startsWith(apiPrefix)) {
      return void socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n<h3>Unauthorized</h3>')
    }
    passUpgrade(ctx, { req, socket, head, apiPrefix }).catch(() => socket.destroy())
  })
  return server
}

const pathOf = (req: IncomingMessage) => (req.url ?? '/').split('?', 1)[0] ?? '/'

function allowed(filter: ProxyFilter, req: IncomingMessage): boolean {
  const host = (req.headers.host ?? '').replace(/:\d+$/, '')
  return isAccepted(filter, { method: req.method ?? 'GET', path: pathOf(req), host })
}

async function target(ctx: KubectlContext, req: IncomingMessage, apiPrefix: string) {
  const { base, tls, headers: own, request } = await (await ctx.client()).access()
  const rest = `/${(req.url ?? '/').slice(apiPrefix.length)}`
  const prefix = ctx.flags.boolean('append-server-path') ? base.pathname.replace(/\/$/, '') : ''
  const { host: _, authorization: __, ...headers } = req.headers
  const options = { ...tls, method: req.method, headers: { ...headers, ...own } } as RequestOptions
  return { url: new URL(`${base.origin}${prefix}${rest}`), options, request }
}

async function passOn(ctx: KubectlContext, req: IncomingMessage, res: ServerResponse, prefix: string): Promise<void> {
  const { url, options, request } = await target(ctx, req, prefix)
  const over = new AbortController()
  res.once('close', () => over.abort())
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const call = request(url, { ...options, signal: over.signal })
    call.once('error', reject)
    call.once('response', resolve)
    req.pipe(call)
  })
  res.writeHead(answer.statusCode ?? 502, answer.headers)
  res.flushHeaders()
  await pipeline(answer, res)
}

interface Upgrade {
  readonly req: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
  readonly apiPrefix: string
}

/** WebSockets and SPDY: both sides are joined once the server agrees. */
async function passUpgrade(ctx: KubectlContext, { req, socket, head, apiPrefix }: Upgrade): Promise<void> {
  const { url, options, request } = await target(ctx, req, apiPrefix)
  const { remote, first } = await new Promise<{ remote: Duplex; first: Buffer }>((resolve, reject) => {
    const call = request(url, options)
    call.once('error', reject)
    call.once('response', (answer) => {
      socket.write(statusLines(answer))
      answer.pipe(socket)
    })
    call.once('upgrade', (answer, upgraded, rest) => {
      socket.write(statusLines(answer))
      resolve({ remote: upgraded, first: rest })
    })
    socket.once('close', () => call.destroy())
    call.end()
  })
  socket.write(first)
  remote.write(head)
  await Promise.all([pipeline(socket, remote), pipeline(remote, socket)])
}

function statusLines(answer: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}`]
  for (let at = 0; at < answer.rawHeaders.length; at += 2) {
    lines.push(`${answer.rawHeaders[at]}: ${answer.rawHeaders[at + 1]}`)
  }
  return `${lines.join('\r\n')}\r\n\r\n`
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
}

async function serveFile(root: string, name: string, res: ServerResponse): Promise<void> {
  // Normalised below a slash, no name leads out of the folder.
  const path = join(root, normalize(`/${decodeURIComponent(name)}`))
  const file = (await isDirectory(path)) ? join(path, 'index.html') : path
  const stats = await ifThere(stat(file))
  if (!stats?.isFile()) return void res.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found\n')
  const type = TYPES[extname(file)] ?? 'application/octet-stream'
  res.writeHead(200, { 'content-type': type, 'content-length': stats.size })
  await pipeline(createReadStream(file), res)
}

/** Listens until the user has enough. */
async function serve(ctx: KubectlContext, server: Server, socket: string): Promise<void> {
  const host = ctx.flags.string('address') ?? '127.0.0.1'
  const where = socket === '' ? { host, port: ctx.flags.int('port') } : { path: resolve(ctx.cwd, socket) }
  await new Promise<void>((done, reject) => {
    server.once('error', (error) => reject(new KubectlError(listenProblem(error), { cause: error })))
    server.listen(where, () => {
      const at = server.address()
      const text = typeof at === 'object' && at !== null ? hostPort(at.address, at.port) : String(at)
      ctx.out(`Starting to serve on ${text}\n`)
    })
    ctx.signal.addEventListener('abort', () => done(), { once: true })
    if (ctx.signal.aborted) done()
  })
  server.close()
  server.closeAllConnections()
  throw new ExitError(130)
}

const hostPort = (address: string, port: number) =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`

function listenProblem(error: NodeJS.ErrnoException & { address?: string; port?: number }): string {
  if (error.code !== 'EADDRINUSE') return error.message
  const where =
    error.port === undefined || error.port < 0
      ? `unix ${error.address}`
      : `tcp ${hostPort(error.address ?? '', error.port)}`
  return `listen ${where}: bind: address already in use`
}
