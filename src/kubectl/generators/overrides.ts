// --overrides: JSON that is merged over an object made from flags.
// Model: k8s.io/kubectl/pkg/cmd/util/override_options.go.

import { mergePatch } from '../../machinery/merge-patch.ts'
import { parseYaml } from '../../machinery/yaml.ts'
import { patchedLocally } from '../apply/apply-one.ts'
import type { KubectlContext } from '../command.ts'
import { KubectlError, plainMessage } from '../errors.ts'
import type { Flag } from '../flags.ts'
import { isObject, type KubeObject } from '../object.ts'
import { mappingOfObject } from '../resources/builder.ts'

export const overrideFlags: readonly Flag[] = [
  {
    name: 'overrides',
    type: 'string',
    description:
      'An inline JSON override for the generated object. If this is non-empty, it is used to override the generated object. Requires that the object supply a valid apiVersion field.',
  },
  {
    name: 'override-type',
    type: 'string',
    fallback: 'merge',
    description: 'The method used to override the generated object: json, merge, or strategic.',
  },
]

/** The object with --overrides over it. Throws KubectlError. */
export async function overridden(ctx: KubectlContext, made: KubeObject): Promise<KubeObject> {
  const type = ctx.flags.string('override-type') ?? 'merge'
  const overrides = read(ctx.flags.string('overrides') ?? '')
  switch (type) {
    case 'merge':
      return mergePatch(made, overrides) as KubeObject
    case 'json': {
      const { jsonPatch } = await import('../../machinery/json-patch.ts')
      return jsonPatch(made, overrides) as KubeObject
    }
    case 'strategic': {
      const mapping = await mappingOfObject(ctx, made, '')
      return patchedLocally({ mapping }, 'strategic', made, isObject(overrides) ? overrides : {})
    }
    default:
      throw new KubectlError(`invalid override type: ${type}`)
  }
}

function read(text: string): unknown {
  try {
    return parseYaml(text)
  } catch (error) {
    throw new KubectlError(`error parsing overrides: ${plainMessage(error)}`, { cause: error })
  }
}
