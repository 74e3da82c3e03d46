// What the data plane is to do, as plain data: the input of `renderNginxConfig`.

import type { LocationOptions } from './annotations.ts'

/** How a path matches: the whole path, whole elements, the plain beginning, or a regular expression at the beginning. */
export type PathMatch = 'exact' | 'prefix' | 'plain' | 'regex'

export interface LocationModel {
  /** `namespace/name` of the ingress that asked for it. */
  readonly owner: string
  readonly path: string
  readonly match: PathMatch
  /** Name of an upstream; absent: nothing is ready and the answer is 503. */
  readonly upstream?: string
  readonly options: LocationOptions
  /** File with users and passwords, relative to the directory of the configuration. */
  readonly passwordFile?: string
}

export interface ServerModel {
  /** `shop.example.com`, `*.example.com`, or empty for every host that has no server of its own. */
  readonly host: string
  readonly aliases: readonly string[]
  /** File with certificate and key; absent: the default one. */
  readonly certificate?: string
  /** Whether TLS was asked for, so that plain requests are redirected. */
  readonly tls: boolean
  readonly appRoot?: { readonly owner: string; readonly path: string }
  readonly locations: readonly LocationModel[]
}

export interface UpstreamModel {
  readonly name: string
  readonly owner: string
  /** `address:port` of every endpoint. */
  readonly servers: readonly string[]
  /** Tried when no endpoint takes the connection, as in the moment in which all have been replaced. */
  readonly backup?: string
  /** What picks the endpoint, instead of taking turns: a variable, as it is written. */
  readonly hash?: string
}

/** A file that the configuration names. */
export interface ModelFile {
  readonly name: string
  readonly content: string
  /** Read by the workers, which are not root. */
  readonly forWorkers: boolean
}

export interface IngressModel {
  readonly servers: readonly ServerModel[]
  readonly upstreams: readonly UpstreamModel[]
  readonly files: readonly ModelFile[]
}
