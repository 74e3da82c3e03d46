// Evictions and what disruption budgets say of them. Rules: EvictionREST of k8s.io/kubernetes/pkg/registry/core/pod/storage.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestServer, type TestServer } from '../../src/main/testing.ts'
import { type Call, callerOf } from './access-support.ts'

const PODS = '/api/v1/namespaces/default/pods'
const BUDGETS = '/apis/policy/v1/namespaces/default/poddisruptionbudgets'
const PATCH = { method: 'PATCH', headers: { 'content-type': 'application/merge-patch+json' } } as const

let server: TestServer
let call: Call
beforeAll(async () => {
  server = await startTestServer({ legacyApis: false })
  call = await callerOf(server, { name: 'admin', groups: ['system:masters'] })
})
afterAll(() => server.close())

interface Case {
  /** The pod's status; a pod that is ready unless it is said. */
  readonly pod?: object
  /** The budget's spec beside its selector; no budget without. */
  readonly spec?: object
  /** The budget's status beside what is usual. */
  readonly budget?: object
  readonly second?: boolean
  readonly options?: object
  readonly query?: string
  readonly name?: string
  /** Code, and what the answer says. */
  readonly answer: readonly [code: number, said?: object]
  readonly podThen?: object
  readonly budgetThen?: object
}

const READY = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }
const UNREADY = { phase: 'Running' }
const USUAL = { observedGeneration: 1, disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1, expectedPods: 2 }
const none = (more: object = {}) => ({ disruptionsAllowed: 0, ...more })
const refused = (why: string, retryAfterSeconds?: number): Case['answer'] => [
  429,
  {
    reason: 'TooManyRequests',
    message: "Cannot evict pod as it would violate the pod's disruption budget.",
    details: {
      causes: [{ reason: 'DisruptionBudget', message: why }],
      ...(retryAfterSeconds ? { retryAfterSeconds } : {}),
    },
  },
]
const condition = (reason: string) => ({
  conditions: [
    { type: 'DisruptionAllowed', status: 'False', reason, message: 'm', lastTransitionTime: '2020-01-01T00:00:00Z' },
  ],
})
const MARK = {
  type: 'DisruptionTarget',
  status: 'True',
  reason: 'EvictionByEvictionAPI',
  message: 'Eviction API: evicting',
}
const marked = { status: { conditions: expect.arrayContaining([expect.objectContaining(MARK)]) } }

const cases: readonly (readonly [title: string, Case])[] = [
  ['a pod that waits goes at once', { pod: { phase: 'Pending' }, answer: [201], podThen: marked }],
  ['a pod says why it goes', { answer: [201, { status: 'Success' }], podThen: marked }],
  [
    'a budget is spent, and says so when nothing is left of it',
    {
      spec: {},
      answer: [201],
      budgetThen: {
        status: {
          disruptionsAllowed: 0,
          conditions: [
            { type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods', observedGeneration: 1 },
          ],
        },
      },
    },
  ],
  [
    'what is left of a budget says nothing',
    { spec: {}, budget: { disruptionsAllowed: 2 }, answer: [201], budgetThen: { status: { disruptionsAllowed: 1 } } },
  ],
  [
    'too few healthy pods are counted',
    {
      spec: {},
      budget: none({ currentHealthy: 1 }),
      answer: refused('The disruption budget NAME needs 1 healthy pods and has 1 currently'),
    },
  ],
  [
    'enough healthy pods are not',
    { spec: {}, budget: none(), answer: refused('The disruption budget NAME does not allow evicting pods currently') },
  ],
  [
    'a condition tells why',
    {
      spec: {},
      budget: none(condition('Why')),
      answer: refused('The disruption budget NAME does not allow evicting pods currently (Why): m'),
    },
  ],
  [
    'what could not be counted is not told',
    {
      spec: {},
      budget: none({ currentHealthy: 0, ...condition('SyncFailed') }),
      answer: refused('The disruption budget NAME does not allow evicting pods currently because it failed sync: m'),
    },
  ],
  [
    'a budget that nobody has looked at yet is asked again',
    {
      spec: {},
      budget: { observedGeneration: 0 },
      answer: refused('The disruption budget NAME is still being processed by the server.', 10),
    },
  ],
  [
    'unhealthy pods may go when enough others are healthy (IfHealthyBudget)',
    { spec: {}, pod: UNREADY, budget: none({ currentHealthy: 1 }), answer: [201], podThen: marked },
  ],
  [
    'and not when too few are',
    {
      spec: { unhealthyPodEvictionPolicy: 'IfHealthyBudget' },
      pod: UNREADY,
      budget: none({ currentHealthy: 0 }),
      answer: refused('The disruption budget NAME needs 1 healthy pods and has 0 currently'),
    },
  ],
  [
    'unhealthy pods may always go (AlwaysAllow)',
    {
      spec: { unhealthyPodEvictionPolicy: 'AlwaysAllow' },
      pod: UNREADY,
      budget: none({ currentHealthy: 0 }),
      answer: [201],
      budgetThen: { status: { disruptionsAllowed: 0, currentHealthy: 0 } },
    },
  ],
  [
    'two budgets are one too many',
    {
      spec: {},
      second: true,
      answer: [
        500,
        {
          status: 'Failure',
          message: 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
        },
      ],
    },
  ],
  [
    'a dry run of the options spends nothing',
    { spec: {}, options: { dryRun: ['All'] }, answer: [201], budgetThen: { status: { disruptionsAllowed: 1 } } },
  ],
  [
    'dry runs have to be of one mind (propagateDryRun)',
    {
      options: { dryRun: ['Some'] },
      query: '?dryRun=All',
      answer: [500, { message: 'Non-matching dry-run options in request and content: [All] and [Some]' }],
    },
  ],
  [
    'a pod of another version stays (addConditionAndDeletePod)',
    {
      options: { preconditions: { resourceVersion: '1' } },
      answer: [
        409,
        {
          reason: 'Conflict',
          message: expect.stringContaining('the ResourceVersion in the precondition (1) does not match'),
        },
      ],
    },
  ],
  [
    'what cannot be read is not evicted',
    {
      options: { ignoreStoreReadErrorWithClusterBreakingPotential: true },
      answer: [
        422,
        { message: expect.stringContaining('can not be set for pod eviction, try after removing the option') },
      ],
    },
  ],
  [
    'a name is one',
    { name: 'other', answer: [400, { message: 'name in URL does not match name in Eviction object' }] },
  ],
]

let count = 0
it.each(cases)('%s', async (_title, { pod = READY, spec, budget = {}, second, options, query = '', ...about }) => {
  const name = `evicted-${count++}`
  const said = (object: object) => JSON.parse(JSON.stringify(object).replaceAll('NAME', name))
  const labels = { app: name }
  const containers = [{ name: 'c', image: 'i' }]
  await call(PODS, { body: { metadata: { name, labels }, spec: { containers, nodeName: 'n' } } })
  await call(`${PODS}/${name}/status`, { ...PATCH, body: { status: pod } })
  const selector = { matchLabels: labels }
  if (spec) {
    await call(BUDGETS, { body: { metadata: { name }, spec: { minAvailable: 1, selector, ...spec } } })
    await call(`${BUDGETS}/${name}/status`, { ...PATCH, body: { status: { ...USUAL, ...budget } } })
  }
  if (second) await call(BUDGETS, { body: { metadata: { name: `${name}-2` }, spec: { minAvailable: 1, selector } } })
  const eviction = { metadata: { name: about.name ?? name }, ...(options ? { deleteOptions: options } : {}) }
  const answer = await call(`${PODS}/${name}/eviction${query}`, {
    body: { apiVersion: 'policy/v1', kind: 'Eviction', ...eviction },
  })
  const [code, body = {}] = about.answer
  expect(answer.code).toBe(code)
  const expected = JSON.stringify(body).includes('NAME') ? said(body) : body
  expect(answer.body).toMatchObject(expected)
  if (about.podThen) expect((await call(`${PODS}/${name}`)).body).toMatchObject(about.podThen)
  if (about.budgetThen) expect((await call(`${BUDGETS}/${name}`)).body).toMatchObject(about.budgetThen)
})
