// CertificateApproval, CertificateSigning, CertificateSubjectRestriction: who may decide about certificate requests.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#authorization

import type { CertificateSigningRequest } from '../../api/generated/certificates-v1.ts'
import type { ClusterTrustBundle } from '../../api/generated/certificates-v1beta1.ts'
import { forbidden } from '../../machinery/errors.ts'
import { sameJson } from '../../machinery/same-json.ts'
import type { ApiObject, StoredObject } from '../api-object.ts'
import type { Authorizer } from '../authorization/authorizer.ts'
import { MASTERS_GROUP } from '../user.ts'
import { type AdmissionAttributes, type AdmissionPlugin, onCreate } from './admission.ts'

const GROUP = 'certificates.k8s.io'
const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client'

/** Approving asks for verb `approve` on the signer. */
export function certificateApproval(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'CertificateApproval',
    validate(attributes) {
      if (!isChange(attributes, 'approval')) return undefined
      const { spec } = attributes.old as unknown as CertificateSigningRequest
      return requireVerb(authorizer, attributes, 'approve', 'approve requests with', spec.signerName)
    },
  }
}

/** Writing a certificate, or what became of the request, asks for verb `sign`. */
export function certificateSigning(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'CertificateSigning',
    validate(attributes) {
      if (!isChange(attributes, 'status')) return undefined
      const { spec, status } = attributes.old as unknown as CertificateSigningRequest
      const { certificate, conditions = [] } = (attributes.object as unknown as CertificateSigningRequest).status
      if (certificate === status.certificate && sameJson(conditions, status.conditions ?? [])) return undefined
      return requireVerb(authorizer, attributes, 'sign', 'sign requests with', spec.signerName)
    },
  }
}

/** Bundles of a signer are written by those who may speak for it. Model: ClusterTrustBundleAttest. */
export function clusterTrustBundleAttest(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'ClusterTrustBundleAttest',
    validate(attributes) {
      const { operation, resource, object, old } = attributes
      if (resource.group !== GROUP || resource.resource !== 'clustertrustbundles') return undefined
      if (operation !== 'CREATE' && operation !== 'UPDATE') return undefined
      const { signerName = '' } = (object as unknown as ClusterTrustBundle).spec
      // Who only collects garbage attests nothing.
      if (signerName === '' || (operation === 'UPDATE' && sameJson(beyondGarbage(object), beyondGarbage(old)))) return
      return requireVerb(authorizer, attributes, 'attest', 'attest for', signerName)
    },
  }
}

/** The object without what the garbage collector changes. Model: IsOnlyMutatingGCFields. */
function beyondGarbage(object: ApiObject | StoredObject | undefined): object {
  const { metadata = {}, ...rest } = (object ?? {}) as ApiObject
  const { ownerReferences: _o, finalizers: _f, managedFields: _m, resourceVersion: _r, ...kept } = metadata
  return { ...rest, metadata: kept }
}

/** Nobody gets a client certificate of the group that may do everything. `organizationsOf` reads a PEM request. */
export function certificateSubjectRestriction(
  organizationsOf: (pem: string) => Promise<readonly string[]>,
): AdmissionPlugin {
  return {
    name: 'CertificateSubjectRestriction',
    validate: onCreate('certificates.k8s.io', 'certificatesigningrequests', async (attributes) => {
      const { spec } = attributes.object as unknown as CertificateSigningRequest
      if (spec.signerName !== CLIENT_SIGNER) return
      const organizations = await organizationsOf(Buffer.from(spec.request, 'base64').toString())
      if (!organizations.includes(MASTERS_GROUP)) return
      throw forbidden(
        attributes.resource,
        attributes.name,
        `use of ${CLIENT_SIGNER} signer with ${MASTERS_GROUP} group is not allowed`,
      )
    }),
  }
}

function isChange({ operation, resource, subresource }: AdmissionAttributes, of: string): boolean {
  if (resource.group !== GROUP || resource.resource !== 'certificatesigningrequests') return false
  return operation === 'UPDATE' && subresource === of
}

async function requireVerb(
  authorizer: Authorizer,
  attributes: AdmissionAttributes,
  verb: 'approve' | 'sign' | 'attest',
  what: string,
  signerName: string,
): Promise<void> {
  const [domain = ''] = signerName.split('/')
  for (const name of [signerName, `${domain}/*`]) {
    const { verdict } = await authorizer.authorize({
      user: attributes.user,
      verb,
      group: GROUP,
      version: '*',
      resource: 'signers',
      subresource: '',
      namespace: '',
      name,
      path: '',
      isResource: true,
    })
    if (verdict === 'allow') return
  }
  throw forbidden(
    attributes.resource,
    attributes.name,
    `user not permitted to ${what} signerName ${JSON.stringify(signerName)}`,
  )
}
