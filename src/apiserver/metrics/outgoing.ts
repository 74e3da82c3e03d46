// Figures of requests that this server sends to others. Models: k8s.io/component-base/metrics/prometheus/restclient and
// k8s.io/apiserver/pkg/util/webhook.

import type { MetricSet, Value } from '../../machinery/metrics.ts'
import type { PostObserver } from '../webhook-call.ts'
import { UNNAMED } from '../webhook-identity.ts'

const LATENCIES = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60]
const SIZES = [64, 256, 512, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216]
const WEAK = /md too weak|ca md too weak/

export interface Outgoing {
  /** Told of requests to webhooks. */
  readonly post: PostObserver
  /** Told of requests of components in this process, whose server is at `host`; by method. */
  own(host: string): (method: string) => (code: number, seconds: number) => void
}

export function outgoingFigures(metrics: MetricSet): Outgoing {
  const labels = ['verb', 'host']
  const histogram = (name: string, help: string, buckets: readonly number[]) =>
    metrics.histogram({ name: `rest_client_${name}`, help, stability: 'ALPHA', labels, buckets })
  const durations = histogram(
    'request_duration_seconds',
    'Request latency in seconds. Broken down by verb, and host.',
    LATENCIES,
  )
  const sent = histogram('request_size_bytes', 'Request size in bytes. Broken down by verb and host.', SIZES)
  const received = histogram('response_size_bytes', 'Response size in bytes. Broken down by verb and host.', SIZES)
  const requests = metrics.counter({
    name: 'rest_client_requests_total',
    help: 'Number of HTTP requests, partitioned by status code, method, and host.',
    stability: 'ALPHA',
    labels: ['code', 'method', 'host'],
  })
  const certificates = certificateFigures(metrics, 'apiserver_webhooks')
  const post: PostObserver = ({ host, code, seconds, sentBytes, answerBytes, error }) => {
    requests.of(code, 'POST', host).add()
    durations.of('POST', host).observe(seconds)
    sent.of('POST', host).observe(sentBytes)
    if (code !== '<error>') received.of('POST', host).observe(answerBytes)
    certificates(error)
  }
  return {
    post,
    own: (host) => (method) => {
      const latency = durations.of(method, host)
      const codes = new Map<number, Value>()
      return (code, seconds) => {
        latency.observe(seconds)
        let count = codes.get(code)
        if (!count) {
          count = requests.of(String(code), method, host)
          codes.set(code, count)
        }
        count.add()
      }
    },
  }
}

/** Told of failures, which may be about the certificates of other servers. */
function certificateFigures(metrics: MetricSet, prefix: string): (error: unknown) => void {
  const counter = (name: string, about: string) =>
    metrics
      .counter({
        name: `${prefix}_${name}`,
        help: `Counts the number of requests to servers ${about} in their serving certificate OR the number of connection failures due to that`,
        stability: 'ALPHA',
      })
      .of()
  const nameless = counter('x509_missing_san_total', 'missing SAN extension')
  const weak = counter('x509_insecure_sha1_total', 'with insecure SHA1 signatures')
  return (error) => {
    if (!(error instanceof Error)) return
    if ((error as NodeJS.ErrnoException).code === UNNAMED) nameless.add()
    else if (WEAK.test(error.message)) weak.add()
  }
}
