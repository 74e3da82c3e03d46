// The errors of the distribution specification: a code, a message, an HTTP status.

const STATUS = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 404,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  RANGE_INVALID: 416,
  SIZE_INVALID: 413,
  TAG_INVALID: 400,
  UNSUPPORTED: 405,
} as const

/** A code of the distribution specification. */
export type RegistryErrorCode = keyof typeof STATUS

/** An error that is answered to a registry client as it is. */
export class RegistryError extends Error {
  override name = 'RegistryError'
  readonly code: RegistryErrorCode
  readonly detail: unknown

  constructor(code: RegistryErrorCode, message: string, detail?: unknown) {
    super(message)
    this.code = code
    this.detail = detail
  }

  get status(): number {
    return STATUS[this.code]
  }

  /** The body of the answer. */
  get body(): unknown {
    const { code, message, detail } = this
    return { errors: [{ code, message, ...(detail === undefined ? {} : { detail }) }] }
  }
}
