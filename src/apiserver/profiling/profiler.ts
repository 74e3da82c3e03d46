// Measures this process: where its time goes, and what lives in its memory.

import type { HeapProfiler, Profiler as InspectorProfiler, Runtime } from 'node:inspector'
import { Session } from 'node:inspector/promises'
import type { Frame, Profile, Sample } from './pprof.ts'

const CPU_INTERVAL_US = 10_000
const HEAP_INTERVAL_BYTES = 32 * 1024

/** Another measurement of the same sort is under way. */
export class ProfilingBusy extends Error {
  override name = 'ProfilingBusy'
}

const running = new Set<'cpu' | 'heap'>()

/** Connects to the engine for one measurement; `sort` can be measured only once at a time. */
async function measure<T>(sort: 'cpu' | 'heap', run: (session: Session) => Promise<T>): Promise<T> {
  if (running.has(sort)) throw new ProfilingBusy(`${sort} profiling already in use`)
  running.add(sort)
  const session = new Session()
  session.connect()
  try {
    return await run(session)
  } finally {
    session.disconnect()
    running.delete(sort)
  }
}

/** How long to measure: `wait` resolves when it is over. */
export interface Measurement {
  readonly now: () => number
  readonly wait: () => Promise<void>
}

/** Samples what runs. */
export function cpuProfile({ now, wait }: Measurement): Promise<Profile> {
  return measure('cpu', async (session) => {
    await session.post('Profiler.enable')
    await session.post('Profiler.setSamplingInterval', { interval: CPU_INTERVAL_US })
    const timeMs = now()
    await session.post('Profiler.start')
    await wait()
    const { profile } = await session.post('Profiler.stop')
    const period = CPU_INTERVAL_US * 1000
    return {
      types: [
        ['samples', 'count'],
        ['cpu', 'nanoseconds'],
      ],
      samples: cpuSamples(profile),
      timeMs,
      durationMs: (profile.endTime - profile.startTime) / 1000,
      period: { type: ['cpu', 'nanoseconds'], value: period },
    }
  })
}

/** Samples what is allocated; without `collected` only what is still there in the end. */
export function heapProfile({ now, wait }: Measurement, collected: boolean): Promise<Profile> {
  return measure('heap', async (session) => {
    await session.post('HeapProfiler.enable')
    const timeMs = now()
    await session.post('HeapProfiler.startSampling', {
      samplingInterval: HEAP_INTERVAL_BYTES,
      ...{ includeObjectsCollectedByMajorGC: collected, includeObjectsCollectedByMinorGC: collected },
    } as HeapProfiler.StartSamplingParameterType)
    await wait()
    const { profile } = await session.post('HeapProfiler.stopSampling')
    const prefix = collected ? 'alloc' : 'inuse'
    return {
      types: [
        [`${prefix}_objects`, 'count'],
        [`${prefix}_space`, 'bytes'],
      ],
      defaultType: `${prefix}_space`,
      samples: heapSamples(profile as SampledHeap),
      timeMs,
      durationMs: now() - timeMs,
      period: { type: ['space', 'bytes'], value: HEAP_INTERVAL_BYTES },
    }
  })
}

const NO_TIME = new Set(['(idle)', '(program)', '(root)'])

function cpuSamples({ nodes, samples = [], timeDeltas = [] }: InspectorProfiler.Profile): Sample[] {
  const parents = new Map<number, number>()
  const byId = new Map(nodes.map((node) => [node.id, node]))
  for (const { id, children = [] } of nodes) for (const child of children) parents.set(child, id)
  const spent = new Map<number, { count: number; microseconds: number }>()
  samples.forEach((id, i) => {
    const sum = spent.get(id) ?? { count: 0, microseconds: 0 }
    sum.count += 1
    sum.microseconds += Math.max(timeDeltas[i] ?? 0, 0)
    spent.set(id, sum)
  })
  return [...spent].flatMap(([id, { count, microseconds }]) => {
    const stack: Frame[] = []
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const frame = byId.get(at)?.callFrame
      if (frame && frame.functionName !== '(root)') stack.push(frameOf(frame))
    }
    return NO_TIME.has(stack[0]?.name ?? '(root)') ? [] : [{ stack, values: [count, microseconds * 1000] }]
  })
}

/** What the engine gives beside what Node's types tell of. */
interface SampledHeap extends HeapProfiler.SamplingHeapProfile {
  readonly samples?: readonly { readonly size: number; readonly nodeId: number }[]
}

function heapSamples({ head, samples = [] }: SampledHeap): Sample[] {
  const found: Sample[] = []
  const seen = new Map<number, { count: number; size: number }>()
  for (const { nodeId, size } of samples) {
    const sum = seen.get(nodeId) ?? { count: 0, size: 0 }
    seen.set(nodeId, { count: sum.count + 1, size: sum.size + size })
  }
  /** Sizes are projected from the samples to all objects; so are their numbers. */
  const countOf = ({ id, selfSize }: HeapProfiler.SamplingHeapProfileNode & { id?: number }): number => {
    const own = seen.get(id ?? -1)
    return own ? Math.max(1, Math.round(selfSize / (own.size / own.count))) : 1
  }
  const visit = (node: HeapProfiler.SamplingHeapProfileNode, callers: readonly Frame[]) => {
    const stack = node === head ? callers : [frameOf(node.callFrame), ...callers]
    if (node.selfSize > 0) found.push({ stack, values: [countOf(node), node.selfSize] })
    for (const child of node.children) visit(child, stack)
  }
  visit(head, [])
  return found
}

function frameOf({ functionName, url, lineNumber }: Runtime.CallFrame): Frame {
  return { name: functionName || '(anonymous)', file: url, line: lineNumber + 1 }
}
