// kubectl certificate approve and deny: decides about certificate signing requests.
// Model: k8s.io/kubectl/pkg/cmd/certificates/certificates.go.

import { isReason } from '../../machinery/errors.ts'
import type { KubectlCommand, KubectlContext } from '../command.ts'
import { KubectlError } from '../errors.ts'
import { isObject, type KubeObject } from '../object.ts'
import { printFlags } from '../printers/print-flags.ts'
import { buildResources, type Info } from '../resources/builder.ts'
import { filenameFlags, filenameOptions } from '../resources/flags.ts'
import { hasFilenames } from '../resources/manifests.ts'
import { typedPrinter } from '../write/flags.ts'
import { eachInfo, getObject, replaceObject } from '../write/objects.ts'

type ConditionType = 'Approved' | 'Denied'

interface Decision {
  readonly verb: 'approve' | 'deny'
  readonly type: ConditionType
  readonly opposite: ConditionType
  readonly reason: string
}

const CONFLICT_ATTEMPTS = 10

const command = (short: string, decision: Decision): KubectlCommand => ({
  name: decision.verb,
  usage: '(-f FILENAME | NAME) [options]',
  short,
  flags: [
    ...printFlags(),
    ...filenameFlags('identifying the resource to update'),
    { name: 'force', type: 'boolean', description: 'Update the CSR even if it is already approved.' },
  ],
  async run({ args }, ctx) {
    const files = filenameOptions(ctx.flags)
    if (args.length === 0 && !hasFilenames(files)) {
      throw new KubectlError('one or more CSRs must be specified as <name> or -f <filename>')
    }
    const print = await typedPrinter(ctx, decision.type.toLowerCase())
    const words = args.length === 0 ? [] : ['certificatesigningrequest', ...args]
    const result = await buildResources(ctx, { args: words, files, namespace: ctx.namespace().namespace })
    const count = await eachInfo(result, async (info) => ctx.out(print(await decide(ctx, info, decision))))
    if (count === 0) ctx.err('No resources found\n')
    return 0
  },
})

/** Writes the decision, again when somebody else has written in between. */
async function decide(ctx: KubectlContext, info: Info, decision: Decision): Promise<KubeObject> {
  const force = ctx.flags.boolean('force')
  for (let attempt = 1; ; attempt++) {
    const request = await getObject(ctx, info)
    const decided = withDecision(request, decision, new Date(ctx.now()))
    if (decided === undefined && !force) return request
    try {
      return await replaceObject(ctx, info, decided ?? request, { subresource: 'approval' })
    } catch (error) {
      if (!isReason(error, 'Conflict') || attempt > CONFLICT_ATTEMPTS) throw error
    }
  }
}

/** The request with the decision; undefined when it has been taken before. Throws KubectlError when the opposite has. */
function withDecision(
  request: KubeObject,
  { verb, type, opposite, reason }: Decision,
  now: Date,
): KubeObject | undefined {
  const status = isObject(request.status) ? request.status : {}
  const conditions = Array.isArray(status.conditions) ? status.conditions.filter(isObject) : []
  if (conditions.some((c) => c.type === opposite)) {
    throw new KubectlError(
      `certificate signing request ${JSON.stringify(request.metadata?.name)} is already ${opposite}`,
    )
  }
  if (conditions.some((c) => c.type === type)) return undefined
  const message = `This CSR was ${type.toLowerCase()} by kubectl certificate ${verb}.`
  const lastUpdateTime = now.toISOString().replace(/\.\d+Z$/, 'Z')
  const condition = { type, status: 'True', reason, message, lastUpdateTime }
  return { ...request, status: { ...status, conditions: [...conditions, condition] } }
}

export const certificate: KubectlCommand = {
  name: 'certificate',
  usage: 'SUBCOMMAND [options]',
  short: 'Modify certificate resources',
  flags: [],
  children: [
    command('Approve a certificate signing request', {
      verb: 'approve',
      type: 'Approved',
      opposite: 'Denied',
      reason: 'KubectlApprove',
    }),
    command('Deny a certificate signing request', {
      verb: 'deny',
      type: 'Denied',
      opposite: 'Approved',
      reason: 'KubectlDeny',
    }),
  ],
}
