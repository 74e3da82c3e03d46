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

/** What a request must have besides its path and method. Regular expressions are of the whole value. */
export interface RouteCondition {
  readonly source: 'header' | 'query' | 'path'
  /** Of the header or parameter; empty for the path. */
  readonly name: string
  readonly regex: boolean
  readonly value: string
}

/** Header changes; an added value goes behind what is there. */
export interface HeaderChanges {
  readonly set: readonly HeaderValue[]
  readonly add: readonly HeaderValue[]
  readonly remove: readonly string[]
}

export interface HeaderValue {
  readonly name: string
  readonly value: string
}

/** What the path becomes: another one, or another beginning. */
export type PathChange = { readonly full: string } | { readonly prefix: string; readonly replacement: string }

export interface MirrorModel {
  readonly upstream: string
  /** Of the requests, from above 0 to 100. */
  readonly percent: number
}

export type RouteAnswer =
  | { readonly kind: 'status'; readonly code: 404 | 500 | 503 }
  | {
      readonly kind: 'redirect'
      readonly code: number
      readonly scheme?: string
      readonly host?: string
      /** Absent: that of the request. */
      readonly port?: number
      readonly path?: PathChange
    }
  | {
      readonly kind: 'proxy'
      readonly protocol: 'http' | 'grpc'
      readonly upstream: string
      readonly request: HeaderChanges
      readonly host?: string
      readonly path?: PathChange
      readonly mirrors: readonly MirrorModel[]
      /** For an answer to begin, and between its parts. */
      readonly timeoutMs?: number
    }

/** One of the answers among which a rule divides its requests. */
export interface RouteBranch {
  /** Of 100 percent; all of a match add up to that. */
  readonly percent: number
  readonly answer: RouteAnswer
  readonly response: HeaderChanges
}

export interface RouteMatchModel {
  /** Of the route that asked for it. */
  readonly owner: string
  /** Unlike that of any other match. */
  readonly id: string
  readonly method?: string
  readonly path: { readonly match: 'exact' | 'prefix'; readonly value: string }
  readonly conditions: readonly RouteCondition[]
  readonly branches: readonly RouteBranch[]
}

/** What gateways do with the requests for one host on one port. */
export interface RouteServerModel {
  readonly port: number
  readonly tls: boolean
  /** `shop.example.com`, `*.example.com` for any number of labels, or empty for every other host. */
  readonly host: string
  readonly certificate?: string
  /** The first that matches has the request. */
  readonly matches: readonly RouteMatchModel[]
}

export interface IngressModel {
  readonly servers: readonly ServerModel[]
  /** Go before the server of an ingress with the same host and port, which gets what they do not match. */
  readonly routeServers?: readonly RouteServerModel[]
  readonly upstreams: readonly UpstreamModel[]
  readonly files: readonly ModelFile[]
}
