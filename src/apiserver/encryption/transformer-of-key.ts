// Which resource a key of the store belongs to, and so how its value is kept.

import type { ResourceRule } from './encryption-configuration.ts'
import type { CipherOfPlugin } from './providers.ts'
import { type Transformer, transformerFor } from './transformer.ts'

/** Where a resource lies: `prefix` with slashes at both ends. */
interface Place {
  readonly prefix: string
  readonly group: string
  readonly resource: string
}

/** Gives the resource of keys, as one object for each. Custom ones lie under their group and plural. */
export function resourceOfKey(resources: readonly Place[]): (key: string) => Omit<Place, 'prefix'> {
  const byPrefix = new Map<string, Omit<Place, 'prefix'>>(resources.map((resource) => [resource.prefix, resource]))
  return (key) => {
    const second = key.indexOf('/', key.indexOf('/', 1) + 1)
    const third = key.indexOf('/', second + 1)
    const known = byPrefix.get(key.slice(0, second + 1)) ?? byPrefix.get(key.slice(0, third + 1))
    if (known) return known
    const [, , group = '', resource = ''] = key.split('/', 4)
    const place = { group: resource === '' ? '' : group, resource: resource || group }
    if (byPrefix.size < MAX_PLACES) byPrefix.set(key.slice(0, third + 1), place)
    return place
  }
}

const MAX_PLACES = 4000

/** Built-in resources lie where upstream has them, custom ones under their group and plural. */
export function transformerOfKey(
  resources: readonly Place[],
  rules: readonly ResourceRule[],
  options: {
    readonly observe?: ((transformer: Transformer, resource: string) => Transformer) | undefined
    readonly cipherOf?: CipherOfPlugin | undefined
  } = {},
): (key: string) => Transformer {
  const { observe, cipherOf } = options
  const plain = transformerFor(rules, cipherOf)
  const made = new Map<string, Transformer>()
  const choose = (group: string, resource: string): Transformer => {
    if (!observe) return plain(group, resource)
    const name = group === '' ? resource : `${resource}.${group}`
    const known = made.get(name) ?? observe(plain(group, resource), name)
    if (made.size < MAX_PLACES) made.set(name, known)
    return known
  }
  const byPrefix = new Map(resources.map(({ prefix, group, resource }) => [prefix, choose(group, resource)] as const))
  return (key) => {
    const [, root = '', first = '', second = ''] = key.split('/', 4)
    return byPrefix.get(`/${root}/${first}/`) ?? byPrefix.get(`/${root}/${first}/${second}/`) ?? choose(first, second)
  }
}
