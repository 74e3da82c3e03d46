// The DNS wire format as far as a server of our own records needs it: read a query, write an answer.
// Spec: RFC 1035; EDNS0: RFC 6891.

export const TYPE = { A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, TXT: 16, AAAA: 28, SRV: 33, OPT: 41, ANY: 255 } as const

export const RCODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const

/** A record that we can write. Names are lower-case or as asked, without a final dot. */
export type DnsRecord = { readonly name: string; readonly ttl: number } & (
  | { readonly type: 'A' | 'AAAA'; readonly address: string }
  | { readonly type: 'CNAME' | 'PTR' | 'NS'; readonly target: string }
  | {
      readonly type: 'SRV'
      readonly priority: number
      readonly weight: number
      readonly port: number
      readonly target: string
    }
  | { readonly type: 'TXT'; readonly text: string }
  | {
      readonly type: 'SOA'
      readonly mname: string
      readonly rname: string
      readonly serial: number
      readonly refresh: number
      readonly retry: number
      readonly expire: number
      readonly minimum: number
    }
)

/** A question with what came around it. */
export interface Query {
  readonly id: number
  readonly opcode: number
  readonly recursionDesired: boolean
  /** Lower-case, without a final dot. */
  readonly name: string
  readonly type: number
  readonly class: number
  /** Where the question section ends. */
  readonly questionEnd: number
  /** Present when the client speaks EDNS0. */
  readonly edns?: { readonly udpSize: number; readonly version: number; readonly dnssecOk: boolean }
}

export interface Response {
  readonly rcode: number
  readonly authoritative: boolean
  readonly answers: readonly DnsRecord[]
  readonly authorities: readonly DnsRecord[]
  readonly additionals: readonly DnsRecord[]
}

const HEADER = 12
const CLASS_IN = 1
const OUR_UDP_SIZE = 1232
const MAX_NAME = 255

/** Reads a query with one question; a string says what is wrong with it. */
export function parseQuery(message: Buffer): Query | 'malformed' | 'not a query' {
  if (message.length < HEADER) return 'not a query'
  const flags = message.readUInt16BE(2)
  if ((flags & 0x8000) !== 0) return 'not a query'
  const question = message.readUInt16BE(4) === 1 ? readName(message, HEADER) : undefined
  if (!question || question.end + 4 > message.length) return 'malformed'
  const questionEnd = question.end + 4
  const edns = readEdns(message, questionEnd)
  if (edns === 'malformed') return 'malformed'
  return {
    id: message.readUInt16BE(0),
    opcode: (flags >> 11) & 15,
    recursionDesired: (flags & 0x100) !== 0,
    name: question.name,
    type: message.readUInt16BE(question.end),
    class: message.readUInt16BE(question.end + 2),
    questionEnd,
    ...(edns ? { edns } : {}),
  }
}

/** The name at `offset`, lower-cased, and where it ends; nothing when it is not well-formed. */
function readName(message: Buffer, offset: number): { name: string; end: number } | undefined {
  let at = offset
  let name = ''
  for (;;) {
    const length = message[at]
    if (length === undefined || length > 63) return undefined
    at++
    if (length === 0) return { name: name.toLowerCase(), end: at }
    if (at + length > message.length || name.length + length > MAX_NAME) return undefined
    name += (name === '' ? '' : '.') + message.toString('latin1', at, at + length)
    at += length
  }
}

/** Where the name at `offset` ends, compressed or not; nothing when it runs out of the message. */
function skipName(message: Buffer, offset: number): number | undefined {
  let at = offset
  for (;;) {
    const length = message[at]
    if (length === undefined) return undefined
    if (length === 0) return at + 1
    if (length >= 192) return at + 2
    at += length + 1
  }
}

interface RecordHead {
  readonly type: number
  readonly class: number
  readonly ttlAt: number
  readonly end: number
}

function readRecordHead(message: Buffer, offset: number): RecordHead | undefined {
  const at = skipName(message, offset)
  if (at === undefined || at + 10 > message.length) return undefined
  const end = at + 10 + message.readUInt16BE(at + 8)
  if (end > message.length) return undefined
  return { type: message.readUInt16BE(at), class: message.readUInt16BE(at + 2), ttlAt: at + 4, end }
}

function readEdns(message: Buffer, offset: number): Query['edns'] | 'malformed' {
  let at = offset
  const records = message.readUInt16BE(6) + message.readUInt16BE(8) + message.readUInt16BE(10)
  for (let i = 0; i < records; i++) {
    const head = readRecordHead(message, at)
    if (!head) return 'malformed'
    if (head.type === TYPE.OPT) {
      const version = message[head.ttlAt + 1] ?? 0
      const dnssecOk = (message.readUInt16BE(head.ttlAt + 2) & 0x8000) !== 0
      return { udpSize: head.class, version, dnssecOk }
    }
    at = head.end
  }
  return undefined
}

/**
 * Writes an answer to `message`. `limit` is what the transport carries: what does not fit is left out and the
 * answer marked as truncated.
 */
export function encodeResponse(message: Buffer, query: Query, response: Response, limit: number): Buffer {
  let { answers, additionals } = response
  for (;;) {
    const truncated = answers.length < response.answers.length
    const encoded = encodeWhole(message, query, { ...response, answers, additionals }, truncated)
    if (encoded.length <= limit || (answers.length === 0 && additionals.length === 0)) return encoded
    // The additional section is a courtesy; leaving it out is not truncation.
    if (additionals.length > 0) additionals = []
    else {
      const fitting = Math.floor((answers.length * limit) / encoded.length)
      answers = answers.slice(0, Math.min(fitting, answers.length - 1))
    }
  }
}

/** How many bytes a client takes over UDP. */
export function udpLimit(query: Query): number {
  return Math.min(Math.max(query.edns?.udpSize ?? 512, 512), OUR_UDP_SIZE)
}

/** An answer that consists of a code alone, for queries that could not be understood too. */
export function encodeError(message: Buffer, rcode: number): Buffer {
  const out = Buffer.alloc(HEADER)
  message.copy(out, 0, 0, 2)
  const flags = message.length >= 4 ? message.readUInt16BE(2) & 0x7900 : 0
  out.writeUInt16BE(0x8000 | flags | rcode, 2)
  return out
}

function encodeWhole(message: Buffer, query: Query, response: Response, truncated: boolean): Buffer {
  const { answers, authorities, additionals } = response
  const writer = new Writer(message, query.questionEnd)
  for (const record of [...answers, ...authorities, ...additionals]) writer.record(record)
  if (query.edns) writer.opt(query.edns.dnssecOk)
  const out = writer.done()
  const flags =
    0x8080 | (response.authoritative ? 0x400 : 0) | (truncated ? 0x200 : 0) | (query.recursionDesired ? 0x100 : 0)
  out.writeUInt16BE(query.id, 0)
  out.writeUInt16BE(flags | (query.opcode << 11) | response.rcode, 2)
  out.writeUInt16BE(1, 4)
  out.writeUInt16BE(answers.length, 6)
  out.writeUInt16BE(authorities.length, 8)
  out.writeUInt16BE(additionals.length + (query.edns ? 1 : 0), 10)
  return out
}

/** Appends records behind the question, with names compressed against everything written so far. */
class Writer {
  #buffer = Buffer.allocUnsafe(1536)
  #length: number
  readonly #names = new Map<string, number>()

  constructor(message: Buffer, questionEnd: number) {
    message.copy(this.#buffer, 0, 0, questionEnd)
    this.#length = questionEnd
    this.#rememberQuestion()
  }

  record(record: DnsRecord): void {
    this.#reserve(600 + (record.type === 'TXT' ? record.text.length : 0))
    this.#name(record.name)
    this.#u16(TYPE[record.type])
    this.#u16(CLASS_IN)
    this.#u32(record.ttl)
    const lengthAt = this.#length
    this.#u16(0)
    this.#data(record)
    this.#buffer.writeUInt16BE(this.#length - lengthAt - 2, lengthAt)
  }

  opt(dnssecOk: boolean): void {
    this.#reserve(11)
    this.#u8(0)
    this.#u16(TYPE.OPT)
    this.#u16(OUR_UDP_SIZE)
    this.#u32(dnssecOk ? 0x8000 : 0)
    this.#u16(0)
  }

  done(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  #data(record: DnsRecord): void {
    switch (record.type) {
      case 'A':
        for (const octet of record.address.split('.')) this.#u8(Number(octet))
        return
      case 'AAAA':
        for (const group of ipv6Groups(record.address)) this.#u16(group)
        return
      case 'CNAME':
      case 'PTR':
      case 'NS':
        this.#name(record.target)
        return
      case 'SRV':
        this.#u16(record.priority)
        this.#u16(record.weight)
        this.#u16(record.port)
        this.#name(record.target)
        return
      case 'TXT':
        this.#u8(record.text.length)
        this.#length += this.#buffer.write(record.text, this.#length, 'latin1')
        return
      case 'SOA':
        this.#name(record.mname)
        this.#name(record.rname)
        for (const key of ['serial', 'refresh', 'retry', 'expire', 'minimum'] as const) this.#u32(record[key])
        return
    }
  }

  #name(name: string): void {
    let rest = name.toLowerCase()
    while (rest !== '') {
      const known = this.#names.get(rest)
      if (known !== undefined) {
        this.#u16(0xc000 | known)
        return
      }
      this.#remember(rest, this.#length)
      const dot = rest.indexOf('.')
      const label = dot < 0 ? rest : rest.slice(0, dot)
      this.#u8(label.length)
      this.#length += this.#buffer.write(label, this.#length, 'latin1')
      rest = dot < 0 ? '' : rest.slice(dot + 1)
    }
    this.#u8(0)
  }

  #rememberQuestion(): void {
    const question = readName(this.#buffer, HEADER)
    let rest = question?.name ?? ''
    let at = HEADER
    while (rest !== '') {
      this.#remember(rest, at)
      const dot = rest.indexOf('.')
      at += (dot < 0 ? rest.length : dot) + 1
      rest = dot < 0 ? '' : rest.slice(dot + 1)
    }
  }

  #remember(name: string, at: number): void {
    if (at < 0x4000) this.#names.set(name, at)
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#buffer.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + more))
    this.#buffer.copy(grown, 0, 0, this.#length)
    this.#buffer = grown
  }

  #u8(value: number): void {
    this.#length = this.#buffer.writeUInt8(value, this.#length)
  }

  #u16(value: number): void {
    this.#length = this.#buffer.writeUInt16BE(value, this.#length)
  }

  #u32(value: number): void {
    this.#length = this.#buffer.writeUInt32BE(value, this.#length)
  }
}

/** The eight groups of an address in the form that dns-packet gives: hexadecimal, at most one `::`. */
function ipv6Groups(address: string): number[] {
  const [head = '', tail] = address.split('::')
  const parse = (text: string) => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)))
  const before = parse(head)
  const after = tail === undefined ? [] : parse(tail)
  return [...before, ...Array<number>(Math.max(0, 8 - before.length - after.length)).fill(0), ...after].slice(0, 8)
}

/** What a cache needs to know of an answer; nothing when it cannot be read. */
export interface AnswerFacts {
  readonly rcode: number
  readonly truncated: boolean
  /** Where the times to live stand, so that they can be counted down. */
  readonly ttlOffsets: readonly number[]
  /** How long the answer may be kept, in seconds; 0 when it may not. RFC 2308 for negative answers. */
  readonly ttl: number
}

export function readAnswerFacts(message: Buffer): AnswerFacts | undefined {
  if (message.length < HEADER) return undefined
  const flags = message.readUInt16BE(2)
  let at: number | undefined = HEADER
  for (let i = 0; i < message.readUInt16BE(4); i++) {
    at = skipName(message, at)
    if (at === undefined) return undefined
    at += 4
  }
  const answers = message.readUInt16BE(6)
  const authorities = message.readUInt16BE(8)
  const total = answers + authorities + message.readUInt16BE(10)
  const ttlOffsets: number[] = []
  let ttl: number | undefined
  for (let i = 0; i < total; i++) {
    const head = readRecordHead(message, at)
    if (!head) return undefined
    at = head.end
    if (head.type === TYPE.OPT) continue
    ttlOffsets.push(head.ttlAt)
    const own = message.readUInt32BE(head.ttlAt)
    if (i < answers) ttl = Math.min(ttl ?? own, own)
    else if (answers === 0 && i < authorities && head.type === TYPE.SOA) {
      ttl = Math.min(own, message.readUInt32BE(head.end - 4))
    }
  }
  return { rcode: flags & 15, truncated: (flags & 0x200) !== 0, ttlOffsets, ttl: ttl ?? 0 }
}

/** A query of our own for one name. */
export function encodeQuery(id: number, name: string, type: number): Buffer {
  const labels = name.split('.').flatMap((label) => [Buffer.from([label.length]), Buffer.from(label, 'latin1')])
  const out = Buffer.concat([Buffer.alloc(HEADER), ...labels, Buffer.alloc(5)])
  out.writeUInt16BE(id, 0)
  out.writeUInt16BE(0x100, 2)
  out.writeUInt16BE(1, 4)
  out.writeUInt16BE(type, out.length - 4)
  out.writeUInt16BE(CLASS_IN, out.length - 2)
  return out
}
