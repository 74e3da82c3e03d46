// Certificate signing requests.

import type { CertificateSigningRequest } from '../../api/generated/certificates-v1.ts'
import { humanDuration } from '../../machinery/duration.ts'
import { parseCertificateRequest } from './certificate-request.ts'
import { as, type Describer } from './describer.ts'
import { printEvents, subjectOf } from './events.ts'
import { dateText, formatLabels } from './format.ts'
import type { PrefixWriter } from './writer.ts'

export const describeCertificateSigningRequest: Describer = async (object, w, context) => {
  const { metadata, spec, status } = as<CertificateSigningRequest>(object)
  const request = parseCertificateRequest(Buffer.from(spec.request, 'base64').toString('latin1'))
  w.line(0, `Name:\t${metadata.name}`)
  w.line(0, `Labels:\t${formatLabels(metadata.labels)}`)
  w.line(0, `Annotations:\t${formatLabels(metadata.annotations)}`)
  w.line(0, `CreationTimestamp:\t${dateText(metadata.creationTimestamp)}`)
  w.line(0, `Requesting User:\t${spec.username ?? ''}`)
  if (spec.signerName) w.line(0, `Signer:\t${spec.signerName}`)
  if (spec.expirationSeconds !== undefined) {
    w.line(0, `Requested Duration:\t${humanDuration(spec.expirationSeconds * 1000)}`)
  }
  w.line(0, `Status:\t${statusText(status)}`)
  const { subject, names } = request
  w.line(0, 'Subject:')
  w.line(0, `\tCommon Name:\t${subject.commonName}`)
  w.line(0, `\tSerial Number:\t${subject.serialNumber}`)
  printList(w, 'Organization', subject.organization)
  printList(w, 'Organizational Unit', subject.organizationalUnit)
  printList(w, 'Country', subject.country)
  printList(w, 'Locality', subject.locality)
  printList(w, 'Province', subject.province)
  printList(w, 'StreetAddress', subject.streetAddress)
  printList(w, 'PostalCode', subject.postalCode)
  if (Object.values(names).some((list) => list.length > 0)) w.line(0, 'Subject Alternative Names:')
  printList(w, 'DNS Names', names.dns)
  printList(w, 'Email Addresses', names.email)
  printList(w, 'URIs', names.uri)
  printList(w, 'IP Addresses', names.ip)
  await printEvents(w, context, subjectOf(object))
}

function printList(w: PrefixWriter, name: string, values: readonly string[]): void {
  if (values.length > 0) w.line(0, `\t${name}:\t${values.join('\n\t\t')}`)
}

function statusText(status: CertificateSigningRequest['status']): string {
  const types = new Set((status.conditions ?? []).map((condition) => condition.type))
  const decision = types.has('Denied') ? 'Denied' : types.has('Approved') ? 'Approved' : 'Pending'
  return `${decision}${types.has('Failed') ? ',Failed' : ''}${status.certificate ? ',Issued' : ''}`
}
