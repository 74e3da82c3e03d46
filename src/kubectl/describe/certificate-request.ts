// Reads the subject and the names out of a PKCS#10 certificate request.
// Spec: RFC 2986 (request), RFC 5280 4.2.1.6 (alternative names), X.690 (DER).

/** What a certificate request asks to be certified. */
export interface CertificateRequest {
  readonly subject: {
    readonly commonName: string
    readonly serialNumber: string
    readonly organization: readonly string[]
    readonly organizationalUnit: readonly string[]
    readonly country: readonly string[]
    readonly locality: readonly string[]
    readonly province: readonly string[]
    readonly streetAddress: readonly string[]
    readonly postalCode: readonly string[]
  }
  readonly names: {
    readonly dns: readonly string[]
    readonly email: readonly string[]
    readonly uri: readonly string[]
    readonly ip: readonly string[]
  }
}

const PEM = /-----BEGIN ([^-]+)-----([A-Za-z0-9+/=\s]*)-----END \1-----/

/** Parses PEM text. Throws when it is no certificate request. */
export function parseCertificateRequest(pem: string): CertificateRequest {
  const block = PEM.exec(pem)
  if (block?.[1] !== 'CERTIFICATE REQUEST') {
    throw new Error('Error parsing CSR: PEM block type must be CERTIFICATE REQUEST')
  }
  const [request] = elements(Buffer.from(block[2] ?? '', 'base64'))
  const [info] = elements(request?.body)
  const [, subject, , ...attributes] = elements(info?.body)
  if (!subject) throw new Error('Error parsing CSR: asn1: structure error')
  return { subject: subjectOf(subject), names: namesOf(attributes) }
}

interface Element {
  readonly tag: number
  readonly body: Buffer
}

/** The elements that follow one another in DER. */
function elements(der: Buffer | undefined): Element[] {
  const found: Element[] = []
  let at = 0
  while (der && at < der.length) {
    const tag = der[at] ?? 0
    let length = der[at + 1] ?? 0
    at += 2
    if (length > 0x80) {
      const size = length & 0x7f
      if (size > 4) throw new Error('Error parsing CSR: asn1: structure error: length too large')
      length = der.subarray(at, at + size).reduce((value, byte) => value * 256 + byte, 0)
      at += size
    }
    if (at + length > der.length) throw new Error('Error parsing CSR: asn1: syntax error: data truncated')
    found.push({ tag, body: der.subarray(at, at + length) })
    at += length
  }
  return found
}

/** Attribute types by the last arc of 2.5.4.x. */
const SUBJECT_FIELDS: Readonly<Record<string, keyof CertificateRequest['subject']>> = {
  '550403': 'commonName',
  '550405': 'serialNumber',
  '550406': 'country',
  '550407': 'locality',
  '550408': 'province',
  '550409': 'streetAddress',
  '55040a': 'organization',
  '55040b': 'organizationalUnit',
  '550411': 'postalCode',
}

function subjectOf(subject: Element): CertificateRequest['subject'] {
  const values = new Map<string, string[]>()
  for (const set of elements(subject.body)) {
    for (const pair of elements(set.body)) {
      const [type, value] = elements(pair.body)
      const field = SUBJECT_FIELDS[type?.body.toString('hex') ?? '']
      if (field && value) values.set(field, [...(values.get(field) ?? []), textOf(value)])
    }
  }
  const all = (field: string) => values.get(field) ?? []
  return {
    commonName: all('commonName').at(-1) ?? '',
    serialNumber: all('serialNumber').at(-1) ?? '',
    organization: all('organization'),
    organizationalUnit: all('organizationalUnit'),
    country: all('country'),
    locality: all('locality'),
    province: all('province'),
    streetAddress: all('streetAddress'),
    postalCode: all('postalCode'),
  }
}

const BMP_STRING = 0x1e

function textOf({ tag, body }: Element): string {
  return tag === BMP_STRING ? Buffer.from(body).swap16().toString('utf16le') : body.toString()
}

const EXTENSION_REQUEST = '2a864886f70d01090e'
const ALTERNATIVE_NAMES = '551d11'

function namesOf(attributeSets: readonly Element[]): CertificateRequest['names'] {
  const names = { dns: [] as string[], email: [] as string[], uri: [] as string[], ip: [] as string[] }
  const attributes = attributeSets.filter((set) => set.tag === 0xa0).flatMap((set) => elements(set.body))
  for (const attribute of attributes) {
    const [type, values] = elements(attribute.body)
    if (type?.body.toString('hex') !== EXTENSION_REQUEST) continue
    const extensions = elements(values?.body).flatMap((list) => elements(list.body))
    for (const extension of extensions) {
      const parts = elements(extension.body)
      if (parts[0]?.body.toString('hex') !== ALTERNATIVE_NAMES) continue
      for (const name of elements(parts.at(-1)?.body).flatMap((list) => elements(list.body))) addName(names, name)
    }
  }
  return names
}

function addName(names: Record<'dns' | 'email' | 'uri' | 'ip', string[]>, { tag, body }: Element): void {
  if (tag === 0x81) names.email.push(body.toString())
  else if (tag === 0x82) names.dns.push(body.toString())
  else if (tag === 0x86) names.uri.push(body.toString())
  else if (tag === 0x87) names.ip.push(ipText(body))
}

function ipText(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: bytes.length / 2 }, (_, i) => bytes.readUInt16BE(i * 2).toString(16))
  const full = groups.join(':')
  const runs = [...full.matchAll(/\b0(?::0)+\b/g)]
  const longest = runs.reduce<RegExpExecArray | undefined>(
    (best, run) => (best && best[0].length >= run[0].length ? best : run),
    undefined,
  )
  if (!longest) return full
  const before = full.slice(0, longest.index).replace(/:$/, '')
  return `${before}::${full.slice(longest.index + longest[0].length).replace(/^:/, '')}`
}
