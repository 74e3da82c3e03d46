// What limit ranges and validating policies say of what they refuse.
// Rules: plugin/pkg/admission/limitranger of k8s.io/kubernetes, and k8s.io/apiserver/pkg/admission/plugin/policy/validating.

import { expect, it } from 'vitest'
import { useServer } from './access-support.ts'
import type { Json } from './custom-resources/support.ts'

const call = useServer()
let made = 0

/** A namespace with a limit range, and what becomes of an object in it. */
async function limited(item: object, plural: string, object: Json) {
  made += 1
  const name = `l${made}`
  expect((await call('/api/v1/namespaces', { body: { metadata: { name } } })).code).toBe(201)
  const at = `/api/v1/namespaces/${name}`
  const account = { metadata: { name: 'default' } }
  expect((await call(`${at}/serviceaccounts`, { body: account })).code).toBe(201)
  const range = { metadata: { name: 'r' }, spec: { limits: [item] } }
  expect((await call(`${at}/limitranges`, { body: range })).code).toBe(201)
  const answer = await call(`${at}/${plural}`, { body: { metadata: { name: 'o' }, ...object } })
  return answer.code === 201 ? answer.body : [answer.code, answer.body.message]
}
const pod = (resources: object | undefined, ...more: object[]) => ({
  spec: {
    automountServiceAccountToken: false,
    containers: [{ name: 'c', image: 'i', ...(resources ? { resources } : {}) }, ...more],
  },
})
const claim = (storage: string) => ({
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } },
})
const refused = (...why: string[]) => [
  403,
  `pods "o" is forbidden: ${why.length === 1 ? why[0] : `[${why.join(', ')}]`}`,
]
const limits = (cpu: string, more: object = {}) => ({ limits: { cpu }, ...more })

const container = { type: 'Container', max: { cpu: '1' }, min: { cpu: '100m' } }
const ratio = { type: 'Container', maxLimitRequestRatio: { cpu: '2' } }
const whole = { type: 'Pod', max: { cpu: '1' }, min: { cpu: '100m' }, maxLimitRequestRatio: { cpu: '2' } }
const storage = { type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '2Gi' } }

it.each<[rule: string, item: object, plural: string, object: Json, why: Json]>([
  [
    'maxConstraint',
    container,
    'pods',
    pod(limits('2')),
    refused('maximum cpu usage per Container is 1, but limit is 2'),
  ],
  [
    'minConstraint',
    container,
    'pods',
    pod({ requests: { cpu: '50m' } }),
    refused('minimum cpu usage per Container is 100m, but request is 50m'),
  ],
  [
    'both',
    container,
    'pods',
    pod({ requests: { cpu: '50m' }, limits: { cpu: '2' } }),
    refused(
      'minimum cpu usage per Container is 100m, but request is 50m',
      'maximum cpu usage per Container is 1, but limit is 2',
    ),
  ],
  [
    'limitRequestRatioConstraint',
    ratio,
    'pods',
    pod(limits('2', { requests: { cpu: '500m' } })),
    refused('cpu max limit to request ratio per Container is 2, but provided ratio is 4.000000'),
  ],
  [
    'limitRequestRatioConstraint: nothing given',
    ratio,
    'pods',
    pod(undefined),
    refused('cpu max limit to request ratio per Container is 2, but no request is specified or request is 0'),
  ],
  [
    'of a whole pod',
    whole,
    'pods',
    pod(limits('800m'), { name: 'd', image: 'i', resources: limits('800m') }),
    refused('maximum cpu usage per Pod is 1, but limit is 1600m'),
  ],
  [
    'of a whole pod: nothing given',
    whole,
    'pods',
    pod(undefined),
    refused(
      'minimum cpu usage per Pod is 100m.  No request is specified',
      'maximum cpu usage per Pod is 1.  No limit is specified',
      'cpu max limit to request ratio per Pod is 2, but no request is specified or request is 0',
    ),
  ],
  [
    'PersistentVolumeClaimLimitFunc',
    storage,
    'persistentvolumeclaims',
    claim('500Mi'),
    [
      403,
      'persistentvolumeclaims "o" is forbidden: minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 500Mi',
    ],
  ],
  [
    'PersistentVolumeClaimLimitFunc',
    storage,
    'persistentvolumeclaims',
    claim('3Gi'),
    [
      403,
      'persistentvolumeclaims "o" is forbidden: maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi',
    ],
  ],
])('LimitRanger: %s: %j %s', async (_rule, item, plural, object, why) => {
  expect(await limited(item, plural, object)).toEqual(why)
})

it('LimitRanger says what it has filled in', async () => {
  const item = { type: 'Container', default: { cpu: '500m', memory: '1Gi' }, defaultRequest: { cpu: '200m' } }
  const { metadata, spec } = (await limited(
    item,
    'pods',
    pod({ requests: { memory: '1Mi' } }, { name: 'd', image: 'i' }),
  )) as Json
  expect(metadata.annotations['kubernetes.io/limit-ranger']).toBe(
    'LimitRanger plugin set: cpu request for container c; cpu, memory limit for container c; cpu, memory request for container d; cpu, memory limit for container d',
  )
  expect(spec.containers[0].resources).toEqual({
    requests: { cpu: '200m', memory: '1Mi' },
    limits: { cpu: '500m', memory: '1Gi' },
  })
})

const GROUP = '/apis/admissionregistration.k8s.io/v1'
/** A map under a policy with this spec, and a binding with this one. */
async function judged(policy: object, binding: object = {}, data: object = { a: '1' }) {
  made += 1
  const name = `p${made}`
  const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }
  const matchConstraints = { resourceRules: [rule], objectSelector: { matchLabels: { by: name } } }
  const spec = { matchConstraints, ...policy }
  expect((await call(`${GROUP}/validatingadmissionpolicies`, { body: { metadata: { name }, spec } })).code).toBe(201)
  const bound = { metadata: { name }, spec: { policyName: name, validationActions: ['Deny'], ...binding } }
  expect((await call(`${GROUP}/validatingadmissionpolicybindings`, { body: bound })).code).toBe(201)
  const body = { metadata: { name, labels: { by: name } }, data }
  const answer = await call('/api/v1/namespaces/default/configmaps', { body })
  const said = answer.code === 201 ? answer.headers.warning : answer.body.message
  return [answer.code, said?.replaceAll(name, 'NAME'), answer.body.reason]
}
const DENIED = `configmaps "NAME" is forbidden: ValidatingAdmissionPolicy 'NAME' with binding 'NAME' denied request: `
const rules = (...validations: object[]) => ({ validations })

it.each<[rule: string, policy: object, binding: object, answer: readonly unknown[]]>([
  [
    'no message',
    rules({ expression: 'object.data.a == "2"' }),
    {},
    [422, `${DENIED}failed expression: object.data.a == "2"`, 'Invalid'],
  ],
  ['message', rules({ expression: 'false', message: 'no' }), {}, [422, `${DENIED}no`, 'Invalid']],
  [
    'reason',
    rules({ expression: 'false', reason: 'Forbidden' }),
    {},
    [403, `${DENIED}failed expression: false`, 'Forbidden'],
  ],
  [
    'reason',
    rules({ expression: 'false', reason: 'RequestEntityTooLarge' }),
    {},
    [413, `${DENIED}failed expression: false`, 'RequestEntityTooLarge'],
  ],
  [
    'messageExpression',
    rules({ expression: 'false', messageExpression: '"a is " + object.data.a', message: 'no' }),
    {},
    [422, `${DENIED}a is 1`, 'Invalid'],
  ],
  [
    'messageExpression that fails',
    rules({ expression: 'false', messageExpression: 'string(object.data.none)', message: 'no' }),
    {},
    [422, `${DENIED}no`, 'Invalid'],
  ],
  [
    'messageExpression of several lines',
    rules({ expression: 'false', messageExpression: '"a\\nb"' }),
    {},
    [422, `${DENIED}failed expression: false`, 'Invalid'],
  ],
  [
    'an error',
    rules({ expression: 'object.data.none == "1"' }),
    {},
    [422, `${DENIED}expression 'object.data.none == "1"' resulted in error: no such key: none`, 'Invalid'],
  ],
  [
    'an error that is ignored',
    { failurePolicy: 'Ignore', ...rules({ expression: 'object.data.none == "1"' }) },
    {},
    [201, undefined, undefined],
  ],
  [
    'a variable that fails',
    { variables: [{ name: 'v', expression: 'object.data.none' }], ...rules({ expression: 'variables.v == "1"' }) },
    {},
    [
      422,
      `${DENIED}expression 'variables.v == "1"' resulted in error: composited variable "v" fails to evaluate: no such key: none`,
      'Invalid',
    ],
  ],
  [
    'only the first is told',
    rules({ expression: 'false', message: 'first' }, { expression: 'false', message: 'second' }),
    {},
    [422, `${DENIED}first`, 'Invalid'],
  ],
  [
    'a condition that fails',
    { matchConditions: [{ name: 'c', expression: 'object.data.none == "1"' }], ...rules({ expression: 'true' }) },
    {},
    [422, `${DENIED}expression 'object.data.none == "1"' resulted in error: no such key: none`, 'Invalid'],
  ],
  [
    'warnings',
    rules({ expression: 'false', message: 'no' }),
    { validationActions: ['Warn'] },
    [201, `299 - "Validation failed for ValidatingAdmissionPolicy 'NAME' with binding 'NAME': no"`, undefined],
  ],
  [
    'nothing but the log',
    rules({ expression: 'false' }),
    { validationActions: ['Audit'] },
    [201, undefined, undefined],
  ],
  [
    'no parameters',
    { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' }, ...rules({ expression: 'params.data.a == object.data.a' }) },
    { paramRef: { name: 'none', namespace: 'default', parameterNotFoundAction: 'Deny' } },
    [
      422,
      `${DENIED}failed to configure binding: no params found for policy binding with \`Deny\` parameterNotFoundAction`,
      'Invalid',
    ],
  ],
])('ValidatingAdmissionPolicy: %s: %j %j', async (_rule, policy, binding, answer) => {
  expect(await judged(policy, binding)).toEqual(answer)
})
