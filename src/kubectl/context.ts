// Makes a command's context: kubeconfig, client and mapper on first use.

import type { KubectlContext, KubectlEnvironment } from './command.ts'
import { type Kubeconfig, loadKubeconfig } from './config/kubeconfig.ts'
import { chooseNamespace, chooseRestConfig } from './config/rest-config.ts'
import type { RestMapper } from './discovery/mapper.ts'
import { KubectlError } from './errors.ts'
import type { ParsedFlags } from './flags.ts'
import type { RestClient } from './rest/client.ts'

/** A context and what must be done with it when the command is over. */
export interface OwnedContext {
  readonly context: KubectlContext
  warnings(): number
  close(): Promise<void>
}

const YELLOW = '\u001b[33;1m'
const PLAIN = '\u001b[0m'

/** The context of one invocation; `ownFlags` are names that the command itself uses. */
export function createContext(
  world: KubectlEnvironment,
  flags: ParsedFlags,
  ownFlags: ReadonlySet<string> = new Set(),
): OwnedContext {
  const globals = withoutFlags(flags, ownFlags)
  const explicit = globals.string('kubeconfig')
  const kubeconfigSource = { explicit, env: world.env, home: world.home, cwd: world.cwd }
  const warned = new Set<string>()
  let loaded: Kubeconfig | undefined
  let client: Promise<RestClient> | undefined
  let mapper: Promise<RestMapper> | undefined

  const context: KubectlContext = {
    ...world,
    now: () => world.now(),
    after: (ms, fn) => world.after(ms, fn),
    flags,
    out: (text) => void world.stdout.write(text),
    err: (text) => void world.stderr.write(text),
    kubeconfigSource,
    kubeconfig() {
      loaded ??= loadKubeconfig(kubeconfigSource)
      return loaded
    },
    namespace: () => chooseNamespace(context.kubeconfig(), globals),
    warn(text) {
      if (warned.has(text)) return
      warned.add(text)
      const colored = world.stderr.isTTY && world.env.TERM !== 'dumb' && world.env.NO_COLOR === undefined
      world.stderr.write(colored ? `${YELLOW}Warning:${PLAIN} ${text}\n` : `Warning: ${text}\n`)
    },
    client() {
      client ??= openClient(context, globals)
      return client
    },
    mapper() {
      mapper ??= openMapper(context)
      return mapper
    },
  }
  return {
    context,
    warnings: () => warned.size,
    async close() {
      // A client that could not be made has told whoever asked for it, and holds nothing open.
      const open = await client?.catch(() => undefined)
      open?.close()
    },
  }
}

/** A command's own flag, such as the `--user` of a binding, is not the global one of that name. */
function withoutFlags(flags: ParsedFlags, hidden: ReadonlySet<string>): ParsedFlags {
  return {
    ...flags,
    string: (name) => (hidden.has(name) ? undefined : flags.string(name)),
    strings: (name) => (hidden.has(name) ? [] : flags.strings(name)),
    boolean: (name) => !hidden.has(name) && flags.boolean(name),
    changed: (name) => !hidden.has(name) && flags.changed(name),
  }
}

async function openClient(context: KubectlContext, globals: ParsedFlags): Promise<RestClient> {
  const { createRestClient } = await import('./rest/client.ts')
  const config = chooseRestConfig(context.kubeconfig(), globals)
  if (config.proxyUrl) {
    throw new KubectlError(`cannot use proxy-url ${JSON.stringify(config.proxyUrl)}: proxies are not supported`)
  }
  const client = await createRestClient({ config, env: context.env, onWarning: context.warn })
  if (context.flags.boolean('match-server-version')) await requireSameVersion(client, context.version)
  return client
}

async function requireSameVersion(client: RestClient, own: string): Promise<void> {
  const { gitVersion } = (await client.json({ path: '/version' })) as { gitVersion?: string }
  if (gitVersion === own) return
  throw new KubectlError(`server version (${gitVersion}) differs from client version (${own})`)
}

async function openMapper(context: KubectlContext): Promise<RestMapper> {
  const { createMapper } = await import('./discovery/mapper.ts')
  const { cacheOf } = await import('./discovery/cache.ts')
  const client = await context.client()
  const cache = cacheOf(context, client.config.server)
  return createMapper(async (fresh) => {
    const kept = fresh ? undefined : cache.read()
    if (kept) return kept
    const { discover } = await import('./discovery/discovery.ts')
    const discovery = await discover(client)
    cache.write(discovery)
    return discovery
  }, context.warn)
}
