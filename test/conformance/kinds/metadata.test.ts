// How often, and in which order, every kind tells what is wrong with metadata: ValidateObjectMeta and
// ValidateObjectMetaUpdate, as the strategies call them after the generic part did.

import { describe, expect, it } from 'vitest'
import { everyVersion, useServerOfAll } from './support.ts'

/** Wrong in a way that each of upstream's functions tells of a part of. */
const WRONG = {
  generateName: 'A_',
  deletionTimestamp: '2020-01-01T00:00:00Z',
  labels: { a: '-' },
  finalizers: ['x'],
}
const LETTERS: Readonly<Record<string, string>> = {
  'metadata.generateName': 'G',
  'metadata.name': 'N',
  'metadata.deletionTimestamp': 'D',
  'metadata.labels': 'L',
  'metadata.finalizers[0]': 'F',
}

type Told = ReadonlyMap<string, string>

const told = (groups: Readonly<Record<string, string>>): Told =>
  new Map(Object.entries(groups).flatMap(([letters, kinds]) => kinds.split(/\s+/).map((kind) => [kind, letters])))

const POLICIES =
  'mutatingadmissionpolicies mutatingadmissionpolicybindings mutatingwebhookconfigurations validatingadmissionpolicies validatingadmissionpolicybindings validatingwebhookconfigurations'
const RBAC = 'clusterrolebindings clusterroles rolebindings roles'

const OF_NEW = told({
  L: 'v1/events poddisruptionbudgets',
  NL: 'leasecandidates',
  NLF: 'deviceclasses replicationcontrollers',
  LF: `certificatesigningrequests ${RBAC}`,
  GNL: `${POLICIES} apiservices leases runtimeclasses`,
  GGNNL: 'customresourcedefinitions',
  // The label that every namespace has is not judged by what it is to be.
  GNLLF: 'namespaces',
})
const OF_CHANGED = told({
  LDL: 'v1/events poddisruptionbudgets storageversions',
  LDLDL: 'customresourcedefinitions leasecandidates leases',
  LDLDLGL: 'apiservices',
  LDLDLFGLF: `configmaps controllerrevisions endpoints ingressclasses ingresses persistentvolumeclaims pods secrets
    serviceaccounts volumeattributesclasses`,
  LDLGL: POLICIES,
  LDLGLF: 'csinodes endpointslices flowschemas limitranges prioritylevelconfigurations volumeattachments',
  LDLGLDL: 'runtimeclasses',
  LDLGLFDLF: `clustertrustbundles csistoragecapacities ipaddresses jobs namespaces nodes resourceclaims
    resourceclaimtemplates storageclasses storageversionmigrations`,
  LDLGLFGLF: 'persistentvolumes',
  LDLLFDLF: `certificatesigningrequests deviceclasses ${RBAC}`,
})
const OF_STATUS = told({
  '': `devicetaintrules flowschemas podcertificaterequests podgroups prioritylevelconfigurations resourceclaims
    resourcepoolstatusrequests servicecidrs storageversionmigrations storageversions validatingadmissionpolicies`,
  DD: 'apiservices',
  DDF: 'deployments',
  G: 'volumeattachments',
  LDL: 'cronjobs poddisruptionbudgets',
  LDLDL: 'customresourcedefinitions',
  LDLLFDLF: 'certificatesigningrequests',
  LLLF: 'pods',
})

const call = useServerOfAll()

const causesOf = (body: { details?: { causes?: { field?: string }[] } }) =>
  (body.details?.causes ?? []).map(({ field = '' }) => LETTERS[field] ?? '').join('')

describe.each(everyVersion())('$title', ({ title, path, name, object, hasStatus }) => {
  const [version = '', resource = ''] = title.split(' ')
  const expected = (all: Told, otherwise: string) => all.get(`${version}/${resource}`) ?? all.get(resource) ?? otherwise
  const own = `${path}/${name}`

  it('tells it of what is new', async () => {
    const { deletionTimestamp: _, ...wrong } = WRONG
    const { body } = await call(path, { body: { ...object, metadata: { ...wrong, name: 'x_!' } } })
    expect(causesOf(body)).toBe(expected(OF_NEW, 'GNLF'))
  })

  it('tells it of changes, and of changes of the status', async () => {
    await call(path, { body: object })
    const { body } = await call(own)
    const wrong = { ...body, metadata: { ...body.metadata, ...WRONG } }
    const put = (at: string) => call(at, { method: 'PUT', body: wrong })
    expect(causesOf((await put(own)).body)).toBe(expected(OF_CHANGED, 'LDLDLF'))
    if (hasStatus) expect(causesOf((await put(`${own}/status`)).body)).toBe(expected(OF_STATUS, 'LDLDLF'))
  })
})
