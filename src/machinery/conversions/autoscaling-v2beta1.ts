// horizontalpodautoscalers as autoscaling/v2beta1: every metric had its own names for target and current value.
// Model: k8s.io/kubernetes/pkg/apis/autoscaling/v2beta1/conversion.go.

import { annotate, type LegacyConversion, part, records, takeAnnotation } from './conversion.ts'
import { isRecord, type VersionedObject } from './versioned-object.ts'

type Json = Record<string, unknown>

const BEHAVIOR = 'autoscaling.alpha.kubernetes.io/behavior'
const ZERO = '0'

/** Drops what is undefined. */
function defined(object: Json): Json {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))
}

const given = (value: unknown) => (value === ZERO ? undefined : value)
const metricOf = (name: unknown, selector: unknown) => defined({ name: name ?? '', selector })

interface Fields {
  readonly utilization: string
  readonly average: string
  readonly value: string
}
const TARGET: Fields = { utilization: 'targetAverageUtilization', average: 'targetAverageValue', value: 'targetValue' }
const CURRENT: Fields = {
  utilization: 'currentAverageUtilization',
  average: 'currentAverageValue',
  value: 'currentValue',
}

/** One metric's source (or its status) with the value under `into`, as v2 has it. */
function sourceToStorage(kind: string, source: Json, into: 'target' | 'current'): Json {
  const names = into === 'target' ? TARGET : CURRENT
  const typed = (type: string) => (into === 'target' ? { type } : {})
  switch (kind) {
    case 'resource':
    case 'containerResource': {
      const { [names.utilization]: averageUtilization, [names.average]: averageValue, ...rest } = source
      const type = averageUtilization === undefined ? 'AverageValue' : 'Utilization'
      const average = averageUtilization === undefined ? averageValue : given(averageValue)
      return { ...rest, [into]: defined({ ...typed(type), averageUtilization, averageValue: average }) }
    }
    case 'pods': {
      const { metricName, selector, [names.average]: averageValue } = source
      return { metric: metricOf(metricName, selector), [into]: defined({ ...typed('AverageValue'), averageValue }) }
    }
    case 'object': {
      const { target, metricName, selector, averageValue, [names.value]: value } = source
      const type = averageValue === undefined ? 'Value' : 'AverageValue'
      return defined({
        describedObject: target,
        metric: metricOf(metricName, selector),
        [into]: defined({ ...typed(type), value: averageValue === undefined ? value : given(value), averageValue }),
      })
    }
    default: {
      const { metricName, metricSelector, [names.value]: value, [names.average]: averageValue } = source
      const type = averageValue === undefined ? 'Value' : 'AverageValue'
      return {
        metric: metricOf(metricName, metricSelector),
        [into]: defined({ ...typed(type), value: averageValue === undefined ? value : given(value), averageValue }),
      }
    }
  }
}

function sourceFromStorage(kind: string, source: Json, from: 'target' | 'current'): Json {
  const names = from === 'target' ? TARGET : CURRENT
  const { [from]: _, ...rest } = source
  const { value, averageValue, averageUtilization } = part(source, from)
  const { name, selector } = part(source, 'metric')
  // Values that the old version required are zero where there is none.
  const required = (quantity: unknown) => quantity ?? ZERO
  switch (kind) {
    case 'resource':
    case 'containerResource': {
      const average = from === 'current' ? required(averageValue) : averageValue
      return defined({ ...rest, [names.utilization]: averageUtilization, [names.average]: average })
    }
    case 'pods':
      return defined({ metricName: name, selector, [names.average]: required(averageValue) })
    case 'object':
      return defined({
        target: source.describedObject,
        metricName: name,
        selector,
        [names.value]: required(value),
        averageValue,
      })
    default: {
      const shown = from === 'current' ? required(value) : value
      return defined({
        metricName: name,
        metricSelector: selector,
        [names.value]: shown,
        [names.average]: averageValue,
      })
    }
  }
}

const KINDS = ['resource', 'containerResource', 'pods', 'object', 'external']

/** The metrics in a list of an owner as v2 has them. */
export function metricsToStorage(owner: Json, list: string, place: 'target' | 'current'): Json {
  return editMetrics(owner, list, place, sourceToStorage)
}

/** The metrics in a list of an owner as they were before v2. */
export function metricsFromStorage(owner: Json, list: string, place: 'target' | 'current'): Json {
  return editMetrics(owner, list, place, sourceFromStorage)
}

function editMetrics(
  owner: Json,
  list: string,
  place: 'target' | 'current',
  edit: (kind: string, source: Json, place: 'target' | 'current') => Json,
): Json {
  if (!Array.isArray(owner[list])) return owner
  const metrics = records(owner, list).map((metric) => {
    const edited = { ...metric }
    for (const kind of KINDS) {
      const source = metric[kind]
      if (isRecord(source)) edited[kind] = edit(kind, source, place)
    }
    return edited
  })
  return { ...owner, [list]: metrics }
}

export const autoscalersV2beta1: LegacyConversion = {
  toStorage(object) {
    const { value, metadata } = takeAnnotation(object.metadata, BEHAVIOR)
    const spec = editMetrics(part(object, 'spec'), 'metrics', 'target', sourceToStorage)
    const status = editMetrics(part(object, 'status'), 'currentMetrics', 'current', sourceToStorage)
    const behavior = parsed(value)
    return { ...object, metadata, spec: behavior === undefined ? spec : { ...spec, behavior }, status }
  },
  fromStorage(object) {
    const plain = object as VersionedObject
    const { behavior, ...spec } = part(plain, 'spec')
    return {
      ...plain,
      ...(behavior === undefined ? {} : { metadata: annotate(plain.metadata, BEHAVIOR, JSON.stringify(behavior)) }),
      spec: editMetrics(spec, 'metrics', 'target', sourceFromStorage),
      status: editMetrics(part(plain, 'status'), 'currentMetrics', 'current', sourceFromStorage),
    }
  },
}

/** Annotations are the user's: text that is no JSON object counts as absent, as upstream has it. */
function parsed(text: string | undefined): unknown {
  if (text === undefined) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
