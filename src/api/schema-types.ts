// The shapes of the API facts: fields, types and served paths.

/** What is known of one field. Exactly one of `type`, `ref`, `map` describes its value; `items` comes with arrays. */
export interface FieldSchema {
  readonly type?: 'string' | 'integer' | 'number' | 'boolean' | 'array'
  readonly format?: string
  readonly ref?: string
  readonly map?: FieldSchema
  readonly items?: FieldSchema
  /** Strategic merge: the field that identifies an element. */
  readonly mergeKey?: string
  /** Strategic merge: `merge`, `replace`, `retainKeys`, comma-separated. */
  readonly patchStrategy?: string
  readonly listType?: 'atomic' | 'set' | 'map'
  readonly listMapKeys?: readonly string[]
  readonly mapType?: 'atomic' | 'granular'
  /** A zero (empty text, 0, false) means the same as an absent field. */
  readonly zeroIsAbsent?: boolean
  /** What stands for it in an object where it is not set; absent: nothing. */
  readonly unset?: 'zero' | 'null' | 'struct'
  /** The values it may have. */
  readonly enum?: readonly string[]
  /** What it is when nobody says, where that is no zero. */
  readonly default?: unknown
  /** Protobuf number, or a path of numbers through inlined structs. */
  readonly pb?: number | readonly number[]
  readonly wire?: string
}

export interface TypeSchema {
  readonly type?: string
  readonly format?: string
  /** `apps/v1/Deployment`, for types that are objects of their own. */
  readonly gvk?: readonly string[]
  readonly required?: readonly string[]
  /** The value is owned as a whole, or field by field; absent: field by field. */
  readonly mapType?: 'atomic' | 'granular'
  readonly fields?: Readonly<Record<string, FieldSchema>>
  /** Fields that are choices of one another, as OpenAPI's extension `x-kubernetes-unions` says it. */
  readonly unions?: readonly object[]
}

/** One served path: a resource or a subresource of a version. */
export interface ServedResource {
  readonly group: string
  readonly version: string
  readonly resource: string
  /** Empty for the resource itself. */
  readonly subresource: string
  /** Group, version and kind of the body, which for some subresources differ from the resource's. */
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string }
  readonly namespaced: boolean
  /** `get`, `list`, `post`, `put`, `patch`, `delete`, `deletecollection`, `connect`. */
  readonly actions: readonly string[]
}
