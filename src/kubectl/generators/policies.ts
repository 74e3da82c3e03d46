// kubectl create quota, poddisruptionbudget, priorityclass.

import { parseQuantity, QUANTITY_ERROR } from '../../machinery/quantity.ts'
import { KubectlError } from '../errors.ts'
import { parseLabels } from '../write/labels.ts'
import { generator, requireFlags, textFlag } from './generator.ts'

export const quota = generator({
  name: 'quota',
  aliases: ['resourcequota'],
  usage: 'NAME [--hard=key1=value1,key2=value2] [--scopes=Scope1,Scope2] [--dry-run=server|client|none] [options]',
  short: 'Create a quota with the specified name',
  failure: 'quota:',
  flags: [
    textFlag('hard', 'A comma-delimited set of resource=quantity pairs that define a hard limit.'),
    textFlag('scopes', 'A comma-delimited set of quota scopes that must all match each object tracked by the quota.'),
  ],
  make({ ctx, name }) {
    const hard = quantities(ctx.flags.string('hard') ?? '')
    const scopes = (ctx.flags.string('scopes') ?? '').split(',')
    const given = (ctx.flags.string('scopes') ?? '') !== ''
    if (given && scopes.includes('')) throw new KubectlError('invalid resource quota scope ""')
    return {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name },
      spec: {
        ...(Object.keys(hard).length > 0 ? { hard } : {}),
        ...(given ? { scopes } : {}),
      },
      status: {},
    }
  },
})

/** `cpu=1,memory=1Gi`. Throws KubectlError. */
export function quantities(text: string): Record<string, string> {
  if (text === '') return {}
  const out: Record<string, string> = {}
  for (const part of text.split(',')) {
    const [key = '', value, ...more] = part.split('=')
    if (value === undefined || more.length > 0) {
      throw new KubectlError(`Invalid argument syntax ${part}, expected <resource>=<value>`)
    }
    if (!parseQuantity(value)) throw new KubectlError(QUANTITY_ERROR)
    out[key] = value
  }
  return out
}

const NUMBER_OR_PERCENT = /^\d+%?$/

export const poddisruptionbudget = generator({
  name: 'poddisruptionbudget',
  aliases: ['pdb'],
  usage: 'NAME --selector=SELECTOR --min-available=N [--dry-run=server|client|none] [options]',
  short: 'Create a pod disruption budget with the specified name',
  failure: 'poddisruptionbudgets:',
  flags: [
    textFlag('min-available', 'The minimum number or percentage of available pods this budget requires.'),
    textFlag('max-unavailable', 'The maximum number or percentage of unavailable pods this budget requires.'),
    textFlag(
      'selector',
      'A label selector to use for this budget. Only equality-based selector requirements are supported.',
    ),
  ],
  make({ ctx, name }) {
    const [min = '', max = ''] = [ctx.flags.string('min-available'), ctx.flags.string('max-unavailable')]
    const selector = ctx.flags.string('selector') ?? ''
    if (selector === '') throw new KubectlError('a selector must be specified')
    if (min === '' && max === '') {
      throw new KubectlError('one of min-available or max-unavailable must be specified')
    }
    if (min !== '' && max !== '') {
      throw new KubectlError('min-available and max-unavailable cannot be both specified')
    }
    if (min !== '' && !NUMBER_OR_PERCENT.test(min)) throw new KubectlError('invalid format specified for min-available')
    if (max !== '' && !NUMBER_OR_PERCENT.test(max))
      throw new KubectlError('invalid format specified for max-unavailable')
    const value = (text: string) => (text.endsWith('%') ? text : Number(text))
    return {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name },
      spec: {
        ...(max === '' ? {} : { maxUnavailable: value(max) }),
        ...(min === '' ? {} : { minAvailable: value(min) }),
        selector: { matchLabels: parseLabels(selector) },
      },
      status: { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 },
    }
  },
})

export const priorityclass = generator({
  name: 'priorityclass',
  aliases: ['pc'],
  usage: 'NAME --value=VALUE --global-default=BOOL [--dry-run=server|client|none] [options]',
  short: 'Create a priority class with the specified name',
  failure: 'priorityclass:',
  flags: [
    { name: 'value', type: 'int', description: 'the value of this priority class.' },
    {
      name: 'global-default',
      type: 'boolean',
      description: 'global-default specifies whether this PriorityClass should be considered as the default priority.',
    },
    textFlag(
      'description',
      'description is an arbitrary string that usually provides guidelines on when this priority class should be used.',
    ),
    textFlag('preemption-policy', 'preemption-policy is the policy for preempting pods with lower priority.', {
      fallback: 'PreemptLowerPriority',
    }),
  ],
  make({ ctx, name }) {
    requireFlags(ctx, 'value')
    const description = ctx.flags.string('description') ?? ''
    return {
      apiVersion: 'scheduling.k8s.io/v1',
      ...(description === '' ? {} : { description }),
      ...(ctx.flags.boolean('global-default') ? { globalDefault: true } : {}),
      kind: 'PriorityClass',
      metadata: { name },
      preemptionPolicy: ctx.flags.string('preemption-policy') ?? '',
      value: ctx.flags.int('value'),
    }
  },
})
