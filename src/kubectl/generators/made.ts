// What becomes of an object that a command has made from flags: shown, or created and shown.

import { withLastApplied } from '../apply/last-applied.ts'
import type { KubectlContext } from '../command.ts'
import { KubectlError } from '../errors.ts'
import type { Flag } from '../flags.ts'
import type { KubeObject } from '../object.ts'
import { printFlags } from '../printers/print-flags.ts'
import { mappingOfObject } from '../resources/builder.ts'
import { dryRunFlag, dryRunOf, fieldManagerFlag, saveConfigFlag, validateFlag } from '../write/flags.ts'
import { createObject, type WriteOptions } from '../write/objects.ts'
import { overridden } from './overrides.ts'

/** Flags of every command that makes one object. */
export const madeFlags = (manager = 'kubectl-create'): readonly Flag[] => [
  ...printFlags(),
  validateFlag,
  saveConfigFlag,
  dryRunFlag,
  fieldManagerFlag(manager),
]

/** Creates the object in the command's namespace unless --dry-run=client; gives it as it is to be printed. */
export async function createMade(
  ctx: KubectlContext,
  made: KubeObject,
  options: WriteOptions = {},
): Promise<KubeObject> {
  const dryRun = dryRunOf(ctx)
  const { namespace, explicit } = ctx.namespace()
  const object = ctx.flags.string('overrides') ? await overridden(ctx, made) : made
  if (dryRun === 'client') {
    const place = explicit && !CLUSTER_SCOPED.has(object.kind ?? '')
    return place ? { ...object, metadata: { ...object.metadata, namespace } } : object
  }
  const mapping = await mappingOfObject(ctx, object, '')
  const saved = ctx.flags.boolean('save-config') ? withLastApplied(object) : object
  const target = { mapping, namespace: mapping.namespaced ? namespace : '' }
  return createObject(ctx, target, saved, {
    dryRun,
    fieldManager: ctx.flags.string('field-manager'),
    ...options,
  })
}

const CLUSTER_SCOPED = new Set(['Namespace', 'ClusterRole', 'ClusterRoleBinding', 'PriorityClass'])

/** The one NAME of a command. Throws KubectlError. */
export function nameArgument(args: readonly string[], path: string): string {
  const [name] = args
  if (name !== undefined && args.length === 1) return name
  throw new KubectlError(`exactly one NAME is required, got ${args.length}\nSee '${path} -h' for help and examples`)
}
