// Which resource a key of the store belongs to, and so how its value is kept.

import type { ResourceRule } from './encryption-configuration.ts'
import { type Transformer, transformerFor } from './transformer.ts'

/** Where a resource lies: `prefix` with slashes at both ends. */
interface Place {
  readonly prefix: string
  readonly group: string
  readonly resource: string
}

/** Built-in resources lie where upstream has them, custom ones under their group and plural. */
export function transformerOfKey(
  resources: readonly Place[],
  rules: readonly ResourceRule[],
): (key: string) => Transformer {
  const choose = transformerFor(rules)
  const byPrefix = new Map(resources.map(({ prefix, group, resource }) => [prefix, choose(group, resource)] as const))
  return (key) => {
    const [, root = '', first = '', second = ''] = key.split('/', 4)
    return byPrefix.get(`/${root}/${first}/`) ?? byPrefix.get(`/${root}/${first}/${second}/`) ?? choose(first, second)
  }
}
