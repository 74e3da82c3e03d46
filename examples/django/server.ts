// The web service that the text puts behind an Ingress three times: says who it is and what it was asked.

import { createServer, type Server } from 'node:http'

/** Answers every path with the pod's name, the host and the path it was asked for. */
export function createHello(podName: string): Server {
  return createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
    response.end(`hello from ${podName}: ${request.headers.host ?? ''}${request.url ?? '/'}\n`)
  })
}
