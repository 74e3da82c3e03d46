import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Container, LimitRangeItem, PersistentVolumeClaim, Pod } from '../../api/generated/core-v1.ts'
import { limitranges, persistentvolumeclaims, pods } from '../../api/generated/resources.ts'
import { startTestApi, type TestApi } from '../testing.ts'
import { claimProblems, podProblems } from './limit-ranger.ts'

const container = (requests: Record<string, string>, limits: Record<string, string>, name = 'c'): Container => ({
  name,
  image: 'nginx',
  resources: { requests, limits },
})
const podOf = (...containers: Container[]) => ({ metadata: { name: 'p' }, spec: { containers } }) as unknown as Pod
const range = (item: Partial<LimitRangeItem>): LimitRangeItem => ({ type: 'Container', ...item })

describe('podProblems', () => {
  it.each<[string, LimitRangeItem, Pod, string[]]>([
    [
      'a limit above the maximum',
      range({ max: { cpu: '1' } }),
      podOf(container({ cpu: '1' }, { cpu: '2' })),
      ['maximum cpu usage per Container is 1, but limit is 2'],
    ],
    [
      'no limit though there is a maximum',
      range({ max: { memory: '1Gi' } }),
      podOf(container({}, {})),
      ['maximum memory usage per Container is 1Gi.  No limit is specified'],
    ],
    [
      'a request below the minimum',
      range({ min: { cpu: '100m' } }),
      podOf(container({ cpu: '50m' }, {})),
      ['minimum cpu usage per Container is 100m, but request is 50m'],
    ],
    [
      'no request though there is a minimum',
      range({ min: { cpu: '100m' } }),
      podOf(container({}, { cpu: '1' })),
      ['minimum cpu usage per Container is 100m.  No request is specified'],
    ],
    [
      'a ratio that is too great',
      range({ maxLimitRequestRatio: { cpu: '2' } }),
      podOf(container({ cpu: '100m' }, { cpu: '250m' })),
      ['cpu max limit to request ratio per Container is 2, but provided ratio is 2.500000'],
    ],
    [
      'a ratio without a request',
      range({ maxLimitRequestRatio: { cpu: '2' } }),
      podOf(container({}, { cpu: '250m' })),
      ['cpu max limit to request ratio per Container is 2, but no request is specified or request is 0'],
    ],
    [
      'containers that are too much together',
      range({ type: 'Pod', max: { cpu: '1' } }),
      podOf(container({}, { cpu: '600m' }, 'a'), container({}, { cpu: '600m' }, 'b')),
      ['maximum cpu usage per Pod is 1, but limit is 1200m'],
    ],
    [
      'what is just within',
      range({ min: { cpu: '1' }, max: { cpu: '1000m' }, maxLimitRequestRatio: { cpu: '1' } }),
      podOf(container({ cpu: '1' }, { cpu: '1' })),
      [],
    ],
  ])('tells %s', (_name, item, pod, problems) => {
    expect(podProblems(pod, [item])).toEqual(problems)
  })

  it('counts init containers by the greatest, not by the sum', () => {
    const pod = podOf(container({}, { cpu: '500m' }))
    pod.spec.initContainers = [container({}, { cpu: '900m' }, 'i'), container({}, { cpu: '900m' }, 'j')]
    expect(podProblems(pod, [range({ type: 'Pod', max: { cpu: '900m' } })])).toEqual([])
    expect(podProblems(pod, [range({ type: 'Pod', max: { cpu: '800m' } })])).toHaveLength(1)
  })
})

it('judges what claims request', () => {
  const claim = { spec: { resources: { requests: { storage: '5Gi' } } } } as unknown as PersistentVolumeClaim
  const item = (bounds: Partial<LimitRangeItem>) => range({ type: 'PersistentVolumeClaim', ...bounds })
  expect(claimProblems(claim, [item({ max: { storage: '2Gi' } })])).toEqual([
    'maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 5Gi',
  ])
  expect(claimProblems(claim, [item({ min: { storage: '10Gi' } })])).toEqual([
    'minimum storage usage per PersistentVolumeClaim is 10Gi, but request is 5Gi',
  ])
  expect(claimProblems(claim, [item({ min: { storage: '1Gi' }, max: { storage: '5Gi' } })])).toEqual([])
})

describe('in a namespace with ranges', () => {
  let api: TestApi
  beforeEach(async () => {
    api = await startTestApi()
  })
  afterEach(() => api.close())
  const rangeOf = (...limits: LimitRangeItem[]) =>
    api.client.create(limitranges, { metadata: { namespace: 'default', name: 'mem' }, spec: { limits } })
  const create = (resources: Container['resources'], name = 'web') =>
    api.client.create(pods, {
      metadata: { namespace: 'default', name },
      spec: { containers: [{ name: 'c', image: 'nginx', ...(resources ? { resources } : {}) }] },
    })

  it('gives defaults and notes them', async () => {
    await rangeOf(range({ default: { memory: '512Mi' }, defaultRequest: { memory: '256Mi' } }))
    const pod = await create(undefined)
    expect(pod.spec.containers[0]?.resources).toEqual({ limits: { memory: '512Mi' }, requests: { memory: '256Mi' } })
    expect(pod.metadata.annotations).toEqual({
      'kubernetes.io/limit-ranger':
        'LimitRanger plugin set: memory request for container c; memory limit for container c',
    })
    // A limit of its own is a request of its own.
    const own = await create({ limits: { memory: '1Gi' } }, 'own')
    expect(own.spec.containers[0]?.resources).toEqual({ limits: { memory: '1Gi' }, requests: { memory: '1Gi' } })
    expect(own.metadata.annotations).toBeUndefined()
  })

  it('takes defaults from the bounds when there are no others', async () => {
    const made = await rangeOf(range({ min: { cpu: '200m' }, max: { cpu: '800m' } }))
    expect(made.spec.limits[0]).toMatchObject({ default: { cpu: '800m' }, defaultRequest: { cpu: '800m' } })
    expect((await create(undefined)).spec.containers[0]?.resources?.requests).toEqual({ cpu: '800m' })
  })

  it('refuses with all problems', async () => {
    await rangeOf(range({ max: { cpu: '1', memory: '1Gi' } }))
    await expect(create({ limits: { cpu: '2' } })).rejects.toMatchObject({
      code: 403,
      message: 'pods "web" is forbidden: maximum cpu usage per Container is 1, but limit is 2',
    })
    await expect(create({ limits: { cpu: '2', memory: '2Gi' } })).rejects.toThrow(
      'pods "web" is forbidden: [maximum cpu usage per Container is 1, but limit is 2, maximum memory usage per Container is 1Gi, but limit is 2Gi]',
    )
  })

  it('refuses claims that are out of range', async () => {
    await rangeOf(range({ type: 'PersistentVolumeClaim', max: { storage: '2Gi' } }))
    const claim = api.client.create(persistentvolumeclaims, {
      metadata: { namespace: 'default', name: 'data' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '3Gi' } } },
    })
    await expect(claim).rejects.toThrow(
      'persistentvolumeclaims "data" is forbidden: maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi',
    )
  })

  it.each<[LimitRangeItem[], string]>([
    [[range({ min: { cpu: '2' }, max: { cpu: '1' } })], 'min value 2 is greater than max value 1'],
    [[range({ maxLimitRequestRatio: { cpu: '500m' } })], 'ratio 500m is less than 1'],
    [
      [range({ min: { cpu: '1' }, max: { cpu: '2' }, maxLimitRequestRatio: { cpu: '3' } })],
      'ratio 3 is greater than max/min = 2.000000',
    ],
    [[range({}), range({})], 'spec.limits[1].type: Duplicate value: "Container"'],
    [[range({ type: 'Node' })], 'must be a standard limit type or fully qualified'],
    [[range({ type: 'Pod', default: { cpu: '1' } })], "may not be specified when `type` is 'Pod'"],
    [[range({ type: 'PersistentVolumeClaim' })], 'either minimum or maximum storage value is required'],
    [[range({ max: { disks: '1' } })], 'must be a standard resource for containers'],
  ])('refuses a range such as %j', async (limits, message) => {
    await expect(rangeOf(...limits)).rejects.toThrow(message)
  })
})
