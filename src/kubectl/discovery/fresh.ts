// Discovery for commands that show it: asked of the server now, kept for the others.

import type { KubectlContext } from '../command.ts'
import { cacheOf } from './cache.ts'
import { type Discovery, discover } from './discovery.ts'

/** What the server serves now; with `--cached`, what was kept. */
export async function freshDiscovery(ctx: KubectlContext): Promise<{ discovery: Discovery }> {
  const client = await ctx.client()
  const cache = cacheOf(ctx, client.config.server)
  const kept = ctx.flags.boolean('cached') ? cache.read() : undefined
  if (kept) return { discovery: kept }
  const discovery = await discover(client)
  cache.write(discovery)
  return { discovery }
}
