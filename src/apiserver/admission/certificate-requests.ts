// CertificateApproval, CertificateSigning, CertificateSubjectRestriction: who may decide about certificate requests.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#authorization

import type { CertificateSigningRequest } from '../../api/generated/certificates-v1.ts'
import { forbidden } from '../../machinery/errors.ts'
import type { Authorizer } from '../authorization/authorizer.ts'
import { MASTERS_GROUP } from '../user.ts'
import { type AdmissionAttributes, type AdmissionPlugin, onCreate } from './admission.ts'

const GROUP = 'certificates.k8s.io'
const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client'

/** Approving asks for verb `approve` on the signer, writing a certificate for verb `sign`. */
export function certificateApprovalAndSigning(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'CertificateApproval,CertificateSigning',
    validate(attributes) {
      if (!isRequest(attributes) || attributes.operation !== 'UPDATE') return undefined
      const { spec, status } = attributes.old as unknown as CertificateSigningRequest
      if (attributes.subresource === 'approval') {
        return requireVerb(authorizer, attributes, 'approve', spec.signerName)
      }
      const { certificate } = (attributes.object as unknown as CertificateSigningRequest).status
      if (attributes.subresource === 'status' && certificate !== status.certificate) {
        return requireVerb(authorizer, attributes, 'sign', spec.signerName)
      }
      return undefined
    },
  }
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

function isRequest({ resource }: AdmissionAttributes): boolean {
  return resource.group === GROUP && resource.resource === 'certificatesigningrequests'
}

async function requireVerb(
  authorizer: Authorizer,
  attributes: AdmissionAttributes,
  verb: 'approve' | 'sign',
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
  const what = verb === 'approve' ? 'approve' : 'sign'
  throw forbidden(
    attributes.resource,
    attributes.name,
    `user not permitted to ${what} requests with signerName ${JSON.stringify(signerName)}`,
  )
}
