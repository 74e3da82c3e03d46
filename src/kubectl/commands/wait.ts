// kubectl wait: waits until objects are what is asked for.
// Model: k8s.io/kubectl/pkg/cmd/wait.

import { isReason, notFound } from '../../machinery/errors.ts'
import type { KubectlCommand, KubectlContext } from '../command.ts'
import { ExitError, KubectlError, throwCollected } from '../errors.ts'
import type { KubeObject } from '../object.ts'
import { printFlags } from '../printers/print-flags.ts'
import { buildResources, type Info, type ResourceResult } from '../resources/builder.ts'
import {
  allNamespacesFlag,
  fieldSelectorFlag,
  filenameOptions,
  recursiveFilenameFlags,
  selectorFlag,
} from '../resources/flags.ts'
import { allFlag, localFlag, resultPrinter } from '../write/flags.ts'
import { getObject, singleInfos } from '../write/objects.ts'
import { type Condition, parseCondition } from '../write/wait-condition.ts'
import { timedOut, waitDeleted } from '../write/wait-deleted.ts'
import { A_WEEK_MS, type Deadline, deadlineAfter, delay, WaitTimeoutError, watchUntil } from '../write/watch-until.ts'

const CREATION_POLL_MS = 500
const TIMED_OUT = 'timed out waiting for the condition'

export const wait: KubectlCommand = {
  name: 'wait',
  usage:
    "([-f FILENAME] | resource.group/resource.name | resource.group [(-l label | --all)]) [--for=create|--for=delete|--for condition=available|--for=jsonpath='{}'[=value]] [options]",
  short: 'Wait for a specific condition on one or many resources',
  examples: `# Wait for the pod "busybox1" to contain the status condition of type "Ready"
kubectl wait --for=condition=Ready pod/busybox1

# Wait for the pod "busybox1" to be deleted, with a timeout of 60s
kubectl wait --for=delete pod/busybox1 --timeout=60s`,
  flags: [
    ...printFlags(),
    ...recursiveFilenameFlags('identifying the resource.'),
    selectorFlag,
    fieldSelectorFlag,
    allNamespacesFlag,
    allFlag,
    localFlag('annotation'),
    {
      name: 'timeout',
      type: 'duration',
      fallback: '30s',
      description:
        "The length of time to wait before giving up. Zero means check once and don't wait, negative means wait for a week.",
    },
    {
      name: 'for',
      type: 'strings',
      description:
        "The condition to wait on: [create|delete|condition=condition-name[=condition-value]|jsonpath='{JSONPath expression}'=[JSONPath value]]. The default condition-value is true. Condition values are compared after Unicode simple case folding, which is a more general form of case-insensitivity. Multiple conditions are supported and AND'ed to each other in a sequential order. If --for=create is passed, it is always waited first.",
    },
  ],
  async run({ args }, ctx) {
    const texts = ctx.flags.strings('for')
    if (texts.length === 0) throw new KubectlError('unrecognized condition: ""')
    const conditions = texts.map(parseCondition)
    const given = ctx.flags.duration('timeout')
    const deadline = deadlineAfter(ctx, given < 0 ? A_WEEK_MS : given)
    try {
      return await waitFor(ctx, args, { conditions, deadline, once: given === 0 })
    } finally {
      deadline.cancel()
    }
  },
}

interface Waiting {
  readonly conditions: readonly Condition[]
  readonly deadline: Deadline
  /** Look once, wait for nothing. */
  readonly once: boolean
}

async function waitFor(ctx: KubectlContext, args: readonly string[], waiting: Waiting): Promise<number> {
  const kinds = waiting.conditions.map((c) => c.kind)
  const print = await resultPrinter(ctx, 'condition met')
  const result = kinds.includes('create') ? await untilCreated(ctx, args, waiting) : await find(ctx, args)
  const infos = singleInfos(result.infos)
  const errors = kinds.includes('delete') ? result.errors.filter((e) => !isReason(e, 'NotFound')) : [...result.errors]
  for (const info of infos) {
    try {
      for (const condition of waiting.conditions) {
        ctx.out(print(await meet(ctx, info, condition, waiting)))
      }
    } catch (error) {
      errors.push(error)
    }
  }
  throwCollected(errors)
  if (infos.length === 0 && !kinds.includes('delete')) {
    throw new KubectlError('no matching resources found')
  }
  return 0
}

async function find(ctx: KubectlContext, args: readonly string[]): Promise<ResourceResult> {
  const { flags } = ctx
  const { namespace, explicit } = ctx.namespace()
  return buildResources(ctx, {
    args,
    files: filenameOptions(flags),
    namespace,
    enforceNamespace: explicit,
    allNamespaces: flags.boolean('all-namespaces'),
    selector: flags.string('selector') ?? '',
    fieldSelector: flags.string('field-selector') ?? '',
    all: flags.boolean('all'),
  })
}

/** Asks until something is there. */
async function untilCreated(
  ctx: KubectlContext,
  args: readonly string[],
  { deadline, once }: Waiting,
): Promise<ResourceResult> {
  for (;;) {
    const result = await find(ctx, args)
    const rest = result.errors.filter((e) => !isReason(e, 'NotFound'))
    if (rest.length > 0) return result
    if (result.errors.length === 0 && singleInfos(result.infos).length > 0) return result
    if (once) throw new KubectlError(TIMED_OUT)
    try {
      await delay(ctx, CREATION_POLL_MS, deadline.signal)
    } catch (error) {
      if (!deadline.passed()) throw error
      throw new KubectlError(TIMED_OUT, { cause: error })
    }
  }
}

async function meet(ctx: KubectlContext, info: Info, condition: Condition, waiting: Waiting): Promise<KubeObject> {
  switch (condition.kind) {
    case 'create':
      return info.object
    case 'delete':
      if (waiting.once) return refuseExisting(ctx, info)
      await waitDeleted(ctx, info, waiting)
      return info.object
    case 'test':
      return waiting.once ? checkOnce(ctx, info, condition.test) : watchTest(ctx, info, condition.test, waiting)
  }
}

async function refuseExisting(ctx: KubectlContext, info: Info): Promise<KubeObject> {
  try {
    await getObject(ctx, info)
  } catch (error) {
    if (isReason(error, 'NotFound')) return info.object
    throw error
  }
  throw notMet(info)
}

const notMet = ({ mapping, name }: Info) => new KubectlError(`condition not met for ${mapping.name}/${name}`)

type Test = (object: KubeObject) => boolean

async function checkOnce(ctx: KubectlContext, info: Info, test: Test): Promise<KubeObject> {
  const object = await getObject(ctx, info)
  if (!test(object)) throw notMet(info)
  return object
}

async function watchTest(ctx: KubectlContext, info: Info, test: Test, { deadline }: Waiting): Promise<KubeObject> {
  let last = info.object
  let seen = false
  try {
    await watchUntil(ctx, info, {
      deadline,
      decide(object) {
        if (object === undefined) {
          if (!seen) throw notFound({ group: info.mapping.group, resource: info.mapping.name }, info.name)
          return false
        }
        seen = true
        last = object
        return test(object)
      },
    })
  } catch (error) {
    if (error instanceof WaitTimeoutError) throw timedOut(info, error)
    if (ctx.signal.aborted) throw new ExitError(130)
    throw error
  }
  return last
}
