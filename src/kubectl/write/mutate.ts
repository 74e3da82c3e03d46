// Changes objects by a function and sends the difference as a patch: for rollout, set and cordon.
// Model: CalculatePatches in k8s.io/kubectl/pkg/cmd/set/helper.go.

import { builtInType } from '../apply/apply-one.ts'
import { mergeDiff } from '../apply/merge-diff.ts'
import type { KubectlContext } from '../command.ts'
import { groupResourceOf } from '../discovery/mapper.ts'
import { KubectlError, plainMessage } from '../errors.ts'
import { isObject, type KubeObject } from '../object.ts'
import type { Info } from '../resources/builder.ts'
import { patchObject, type WriteOptions } from './objects.ts'

type Json = Record<string, unknown>

/** The patched object; undefined when `after` is no other than the object. */
export async function patchDifference(
  ctx: KubectlContext,
  info: Info,
  after: KubeObject,
  options: WriteOptions = {},
): Promise<KubeObject | undefined> {
  const ref = await builtInType(info)
  if (ref === undefined) {
    const body = mergeDiff(info.object, after)
    return Object.keys(body).length === 0 ? undefined : patchObject(ctx, info, { type: 'merge', body }, options)
  }
  const { twoWayStrategic } = await import('../apply/strategic-diff.ts')
  const body = twoWayStrategic(ref, info.object, after)
  return Object.keys(body).length === 0 ? undefined : patchObject(ctx, info, { type: 'strategic', body }, options)
}

/** Why an object is not changed: `deployments.apps "web" …`. */
export function refusal({ mapping, name }: Info, reason: unknown): KubectlError {
  return new KubectlError(`${groupResourceOf(mapping)} ${JSON.stringify(name)} ${plainMessage(reason)}`, {
    cause: reason,
  })
}

/** The pod spec that is in an object of any kind, and how it is put back changed. */
export function podTemplateOf(
  object: KubeObject,
): { readonly template: Json; with(template: Json): KubeObject } | undefined {
  const spec = isObject(object.spec) ? object.spec : undefined
  if (!spec) return undefined
  if (object.kind === 'Pod') {
    return {
      template: { metadata: object.metadata, spec },
      with: (template) => ({
        ...object,
        metadata: template.metadata as NonNullable<KubeObject['metadata']>,
        spec: template.spec,
      }),
    }
  }
  if (object.kind === 'CronJob') {
    const jobTemplate = isObject(spec.jobTemplate) ? spec.jobTemplate : {}
    const jobSpec = isObject(jobTemplate.spec) ? jobTemplate.spec : {}
    if (!isObject(jobSpec.template)) return undefined
    return {
      template: jobSpec.template,
      with: (template) => ({
        ...object,
        spec: { ...spec, jobTemplate: { ...jobTemplate, spec: { ...jobSpec, template } } },
      }),
    }
  }
  if (!isObject(spec.template)) return undefined
  return { template: spec.template, with: (template) => ({ ...object, spec: { ...spec, template } }) }
}
