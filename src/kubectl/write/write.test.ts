import { describe, expect, it } from 'vitest'
import { parseAnnotationChanges } from '../commands/annotate.ts'
import { detachKeys } from '../commands/attach.ts'
import { parseLabelChanges } from '../commands/label.ts'
import { selects, withEnv, withImages } from '../commands/set.ts'
import { rolloutStatus } from '../rollout/status.ts'
import { judge, partialEnd } from '../streams/remote-command.ts'
import { splitPairs } from './pairs.ts'
import { hasCondition, parseCondition, splitAtSingleEquals } from './wait-condition.ts'

describe('changes of labels and annotations', () => {
  it('are told from what names objects', () => {
    expect(splitPairs(['pods', 'a', 'x=y', 'z-'], 'label')).toEqual({ resources: ['pods', 'a'], pairs: ['x=y', 'z-'] })
    expect(() => splitPairs(['pods', 'x=y', 'b'], 'label')).toThrow(
      'all resources must be specified before label changes: b',
    )
  })
  it('are read', () => {
    expect(parseLabelChanges(['a=b', 'c-'])).toEqual({ set: { a: 'b' }, remove: ['c'] })
    expect(parseAnnotationChanges(['a=b=c'])).toEqual({ set: { a: 'b=c' }, remove: [] })
    expect(() => parseLabelChanges(['a=b=c'])).toThrow('invalid label spec: a=b=c')
    expect(() => parseLabelChanges(['a=b', 'a-'])).toThrow('can not both modify and remove a label')
    expect(() => parseLabelChanges(['a=-'])).toThrow('invalid label value')
  })
})

describe('conditions', () => {
  const object = (status: object, generation = 1) => ({ metadata: { generation }, status })
  it.each([
    [{ conditions: [{ type: 'Ready', status: 'True' }] }, true],
    [{ conditions: [{ type: 'Ready', status: 'False' }] }, false],
    [{ conditions: [{ type: 'Other', status: 'True' }] }, false],
    [{ observedGeneration: 0, conditions: [{ type: 'Ready', status: 'True' }] }, false],
    [{}, false],
  ])('of %j', (status, met) => expect(hasCondition(object(status), 'ready', 'true')).toBe(met))

  it('are found by a path', () => {
    const test = (text: string, status: object) => {
      const condition = parseCondition(text)
      return condition.kind === 'test' && condition.test(object(status))
    }
    expect(test('jsonpath={.status.n}=3', { n: 3 })).toBe(true)
    expect(test('jsonpath={.status.n}=3', { n: 4 })).toBe(false)
    expect(test('jsonpath=.status.n', {})).toBe(false)
    expect(splitAtSingleEquals('a==b=c')).toEqual(['a==b', 'c'])
    expect(() => parseCondition('nope')).toThrow('unrecognized condition: "nope"')
  })
})

describe('pod templates', () => {
  const deployment = (containers: object[]) => ({ kind: 'Deployment', spec: { template: { spec: { containers } } } })
  it('get images by container', () => {
    const before = deployment([
      { name: 'a', image: '1' },
      { name: 'b', image: '1' },
    ])
    expect(withImages(before, new Map([['a', '2']]))).toEqual(
      deployment([
        { name: 'a', image: '2' },
        { name: 'b', image: '1' },
      ]),
    )
    expect(withImages(before, new Map([['*', '2']]))).toEqual(
      deployment([
        { name: 'a', image: '2' },
        { name: 'b', image: '2' },
      ]),
    )
    expect(() => withImages(before, new Map([['c', '2']]))).toThrow('unable to find container named "c"')
  })
  it('get variables in their places', () => {
    const container = {
      name: 'a',
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: '2' },
      ],
    }
    const changes = {
      set: new Map([
        ['B', '3'],
        ['C', '4'],
      ]),
      remove: new Set(['A']),
    }
    expect(withEnv(container, changes).env).toEqual([
      { name: 'B', value: '3' },
      { name: 'C', value: '4' },
    ])
    expect(() => withEnv(container, changes, false)).toThrow("'B' already has a value (2), and --overwrite is false")
  })
  it('are chosen by wildcards', () => {
    expect([selects('*', 'x'), selects('re*', 'redis'), selects('re', 'redis'), selects('*s', 'redis')]).toEqual([
      true,
      true,
      false,
      true,
    ])
  })
})

it.each([
  [{ observedGeneration: 1 }, 'Waiting for deployment spec update to be observed...\n', false],
  [
    { observedGeneration: 2, updatedReplicas: 1, replicas: 3 },
    'Waiting for deployment "web" rollout to finish: 1 out of 2 new replicas have been updated...\n',
    false,
  ],
  [
    { observedGeneration: 2, updatedReplicas: 2, replicas: 3 },
    'Waiting for deployment "web" rollout to finish: 1 old replicas are pending termination...\n',
    false,
  ],
  [
    { observedGeneration: 2, updatedReplicas: 2, replicas: 2, availableReplicas: 1 },
    'Waiting for deployment "web" rollout to finish: 1 of 2 updated replicas are available...\n',
    false,
  ],
  [
    { observedGeneration: 2, updatedReplicas: 2, replicas: 2, availableReplicas: 2 },
    'deployment "web" successfully rolled out\n',
    true,
  ],
])('a rollout with %j', (status, text, done) => {
  const object = { kind: 'Deployment', metadata: { name: 'web', generation: 2 }, spec: { replicas: 2 }, status }
  expect(rolloutStatus(object, 0)).toEqual({ text, done })
})

describe('remote commands', () => {
  it('end with the exit code of the process', () => {
    expect(() => judge('')).not.toThrow()
    expect(() => judge('{"status":"Success"}')).not.toThrow()
    const failed = {
      status: 'Failure',
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: '3' }] },
    }
    expect(() => judge(JSON.stringify(failed))).toThrow('command terminated with exit code 3')
    expect(() => judge('{"status":"Failure","message":"no such container"}')).toThrow('no such container')
  })
  it('are left by the detach keys, also when these come one by one', () => {
    const keys = detachKeys('ctrl-p,ctrl-q')
    expect([...keys]).toEqual([16, 17])
    expect(partialEnd(Buffer.from([1, 16]), keys)).toBe(1)
    expect(partialEnd(Buffer.from([16, 1]), keys)).toBe(0)
    expect(() => detachKeys('enter')).toThrow('could not bind detach keys')
  })
})
