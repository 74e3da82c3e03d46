// SPDY/3.1 header blocks: name-value pairs, compressed with a dictionary in one zlib stream per direction.

import { constants, createInflate, deflateRawSync, deflateSync, type Inflate } from 'node:zlib'

/** Header names are lower case on the wire. */
export type SpdyHeaders = Readonly<Record<string, string>>

const MAX_BLOCK = 64 * 1024
const MAX_PAIRS = 256

// The dictionary of the SPDY/3 specification, section 2.6.10.1: words with their lengths, then plain text.
const WORDS =
  'options,head,post,put,delete,trace,accept,accept-charset,accept-encoding,accept-language,accept-ranges,age,allow,' +
  'authorization,cache-control,connection,content-base,content-encoding,content-language,content-length,' +
  'content-location,content-md5,content-range,content-type,date,etag,expect,expires,from,host,if-match,' +
  'if-modified-since,if-none-match,if-range,if-unmodified-since,last-modified,location,max-forwards,pragma,' +
  'proxy-authenticate,proxy-authorization,range,referer,retry-after,server,te,trailer,transfer-encoding,upgrade,' +
  'user-agent,vary,via,warning,www-authenticate,method,get,status,200 OK,version,HTTP/1.1,url,public,set-cookie,' +
  'keep-alive,origin'
const TEXT =
  '100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 Non-Authoritative ' +
  'Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found500 ' +
  'Internal Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec ' +
  '00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,' +
  'application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8' +
  'charset=iso-8859-1,utf-,*,enq=0.'

/** The shared compression dictionary. */
export const SPDY_DICTIONARY = Buffer.concat([...WORDS.split(',').map(withLength), Buffer.from(TEXT)])

function withLength(text: string): Buffer {
  const body = Buffer.from(text)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  return Buffer.concat([length, body])
}

function encodePairs(headers: SpdyHeaders): Buffer {
  const pairs = Object.entries(headers)
  const count = Buffer.alloc(4)
  count.writeUInt32BE(pairs.length)
  return Buffer.concat([
    count,
    ...pairs.flatMap(([name, value]) => [withLength(name.toLowerCase()), withLength(value)]),
  ])
}

/** Reads uncompressed pairs; throws on anything that does not add up. */
function decodePairs(block: Buffer): SpdyHeaders {
  let at = 0
  const number = () => {
    if (at + 4 > block.length) throw new Error('SPDY header block ends early')
    at += 4
    return block.readUInt32BE(at - 4)
  }
  const text = () => {
    const length = number()
    if (at + length > block.length) throw new Error('SPDY header block ends early')
    at += length
    return block.toString('utf8', at - length, at)
  }
  const count = number()
  if (count > MAX_PAIRS) throw new Error(`SPDY header block has ${count} pairs, at most ${MAX_PAIRS} are taken`)
  const headers: Record<string, string> = Object.create(null)
  for (let i = 0; i < count; i++) {
    const name = text()
    headers[name] = text()
  }
  return headers
}

/**
 * Compresses header blocks. Every block after the first is a raw deflate block that looks back at nothing, which is a
 * valid continuation of the stream and needs no state. Each ends in a sync flush: Go's reader waits for one.
 */
export class HeaderEncoder {
  #started = false

  encode(headers: SpdyHeaders): Buffer {
    const pairs = encodePairs(headers)
    const finishFlush = constants.Z_SYNC_FLUSH
    if (this.#started) return deflateRawSync(pairs, { finishFlush })
    this.#started = true
    return deflateSync(pairs, { finishFlush, dictionary: SPDY_DICTIONARY })
  }
}

/** Decompresses the peer's header blocks, in the order they came. */
export class HeaderDecoder {
  readonly #inflate: Inflate = createInflate({ dictionary: SPDY_DICTIONARY, flush: constants.Z_SYNC_FLUSH })
  #output: Buffer[] = []
  #size = 0
  #fail: ((error: Error) => void) | undefined

  constructor() {
    this.#inflate.on('data', (chunk: Buffer) => {
      this.#size += chunk.length
      if (this.#size > MAX_BLOCK) this.#fail?.(new Error(`SPDY header block exceeds ${MAX_BLOCK} bytes`))
      else this.#output.push(chunk)
    })
    this.#inflate.on('error', (error) => this.#fail?.(error))
  }

  decode(block: Buffer): Promise<SpdyHeaders> {
    this.#output = []
    this.#size = 0
    return new Promise((resolve, reject) => {
      this.#fail = reject
      this.#inflate.write(block, (error) => {
        if (error) return reject(error)
        try {
          resolve(decodePairs(Buffer.concat(this.#output)))
        } catch (cause) {
          reject(cause)
        }
      })
    })
  }

  close(): void {
    this.#fail = undefined
    this.#inflate.close()
  }
}
