// /metrics: names, types and labels as upstream has them, and numbers that are right.
// Rules: k8s.io/apiserver/pkg/endpoints/metrics and the other metrics packages of v1.36; STABLE ones exactly.

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { serviceaccounts } from '../../src/api/generated/resources.ts'
import { startHooks, type TestHooks } from '../../src/apiserver/admission/webhooks/testing.ts'
import { startTestServer, type TestServer } from '../../src/main/testing.ts'
import { type Call, callerOf } from './access-support.ts'

interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

interface Metric {
  readonly type: string
  readonly help: string
  readonly samples: Sample[]
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)/gy

/** Reads the text as a collector does; throws for what one would not take. */
function parse(text: string): Map<string, Metric> {
  const metrics = new Map<string, Metric>()
  let help = { name: '', text: '' }
  let current: Metric | undefined
  for (const line of text.trimEnd().split('\n')) {
    const [, helpName, helpText] = /^# HELP (\S+) (.*)$/.exec(line) ?? []
    const [, typeName, type] = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line) ?? []
    if (helpName !== undefined) help = { name: helpName, text: helpText ?? '' }
    else if (typeName !== undefined) {
      if (help.name !== typeName || metrics.has(typeName)) throw new Error(`misplaced ${line}`)
      current = { type: type ?? '', help: help.text, samples: [] }
      metrics.set(typeName, current)
    } else {
      const [, name, labels = '', value] = SAMPLE.exec(line) ?? []
      if (name === undefined || !current || !name.startsWith(help.name)) throw new Error(`cannot read ${line}`)
      const found: Record<string, string> = {}
      let read = 0
      for (const match of labels.matchAll(LABEL)) {
        found[match[1] ?? ''] = match[2] ?? ''
        read += match[0].length
      }
      if (read !== labels.length || Number.isNaN(Number(value))) throw new Error(`cannot read ${line}`)
      current.samples.push({ name, labels: found, value: Number(value) })
    }
  }
  return metrics
}

/** Upstream's stable metrics: type and labels. */
const STABLE: Readonly<Record<string, readonly [type: string, labels: string]>> = {
  apiserver_request_total: ['counter', 'code component dry_run group resource scope subresource verb version'],
  apiserver_request_duration_seconds: ['histogram', 'component dry_run group resource scope subresource verb version'],
  apiserver_response_sizes: ['histogram', 'component group resource scope subresource verb version'],
  apiserver_longrunning_requests: ['gauge', 'component group resource scope subresource verb version'],
  apiserver_current_inflight_requests: ['gauge', 'request_kind'],
  apiserver_storage_objects: ['gauge', 'resource'],
  apiserver_admission_controller_admission_duration_seconds: ['histogram', 'name operation rejected type'],
  apiserver_admission_step_admission_duration_seconds: ['histogram', 'operation rejected type'],
  apiserver_admission_webhook_admission_duration_seconds: ['histogram', 'name operation rejected type'],
}

const OTHERS: Readonly<Record<string, readonly [type: string, labels: string]>> = {
  apiserver_request_sli_duration_seconds: ['histogram', 'component group resource scope subresource verb version'],
  apiserver_current_inqueue_requests: ['gauge', 'request_kind'],
  apiserver_watch_events_total: ['counter', 'group resource version'],
  apiserver_watch_events_sizes: ['histogram', 'group resource version'],
  apiserver_resource_objects: ['gauge', 'group resource'],
  apiserver_watch_cache_events_received_total: ['counter', 'group resource'],
  apiserver_watch_cache_events_dispatched_total: ['counter', 'group resource'],
  apiserver_watch_cache_initializations_total: ['counter', 'group resource'],
  apiserver_watch_cache_resource_version: ['gauge', 'group resource'],
  apiserver_flowcontrol_nominal_limit_seats: ['gauge', 'priority_level'],
  apiserver_flowcontrol_current_executing_requests: ['gauge', 'flow_schema priority_level'],
  apiserver_flowcontrol_current_executing_seats: ['gauge', 'flow_schema priority_level'],
  apiserver_flowcontrol_current_inqueue_requests: ['gauge', 'flow_schema priority_level'],
  apiserver_flowcontrol_dispatched_requests_total: ['counter', 'flow_schema priority_level'],
  apiserver_authorization_decisions_total: ['counter', 'decision name type'],
  apiserver_admission_webhook_request_total: ['counter', 'code name operation rejected type'],
  apiserver_admission_webhook_rejection_count: ['counter', 'error_type name operation rejection_code type'],
  apiserver_validating_admission_policy_check_total: ['counter', 'enforcement_action error_type policy policy_binding'],
  apiserver_validating_admission_policy_check_duration_seconds: [
    'histogram',
    'enforcement_action error_type policy policy_binding',
  ],
  authentication_attempts: ['counter', 'result'],
  authentication_duration_seconds: ['histogram', 'result'],
  authenticated_user_requests: ['counter', 'username'],
  authorization_attempts_total: ['counter', 'result'],
  authorization_duration_seconds: ['histogram', 'result'],
  kubernetes_build_info: [
    'gauge',
    'build_date compiler git_commit git_tree_state git_version go_version major minor platform',
  ],
  kubernetes_feature_enabled: ['gauge', 'name stage'],
  etcd_requests_total: ['counter', 'group operation resource'],
  etcd_request_duration_seconds: ['histogram', 'group operation resource'],
  etcd_lease_object_counts: ['histogram', ''],
  apiserver_storage_list_total: ['counter', 'group resource'],
  apiserver_storage_list_fetched_objects_total: ['counter', 'group resource'],
  apiserver_storage_list_evaluated_objects_total: ['counter', 'group resource'],
  apiserver_storage_list_returned_objects_total: ['counter', 'group resource'],
  apiserver_storage_events_received_total: ['counter', 'group resource'],
  apiserver_cache_list_total: ['counter', 'group index resource'],
  apiserver_cache_list_fetched_objects_total: ['counter', 'group index resource'],
  apiserver_cache_list_returned_objects_total: ['counter', 'group resource'],
  apiserver_init_events_total: ['counter', 'group resource'],
  watch_cache_capacity: ['gauge', 'group resource'],
  apiserver_resource_size_estimate_bytes: ['gauge', 'group resource'],
  apiserver_request_filter_duration_seconds: ['histogram', 'filter'],
  apiserver_flowcontrol_current_limit_seats: ['gauge', 'priority_level'],
  apiserver_flowcontrol_target_seats: ['gauge', 'priority_level'],
  registered_metrics_total: ['counter', 'deprecated_version stability_level'],
  hidden_metrics_total: ['counter', ''],
  disabled_metrics_total: ['counter', ''],
  version_info: ['gauge', 'binary component emulation min_compat'],
  process_virtual_memory_bytes: ['gauge', ''],
  process_virtual_memory_max_bytes: ['gauge', ''],
  process_network_receive_bytes_total: ['counter', ''],
  process_network_transmit_bytes_total: ['counter', ''],
  apiserver_cel_compilation_duration_seconds: ['histogram', ''],
  apiserver_cel_evaluation_duration_seconds: ['histogram', ''],
  apiserver_client_certificate_expiration_seconds: ['histogram', ''],
  apiserver_tls_handshake_errors_total: ['counter', ''],
  apiserver_request_body_size_bytes: ['histogram', 'group resource verb'],
  apiserver_webhooks_x509_missing_san_total: ['counter', ''],
  apiserver_webhooks_x509_insecure_sha1_total: ['counter', ''],
  apiserver_clusterip_repair_reconcile_errors_total: ['counter', ''],
  authentication_token_cache_request_total: ['counter', 'status'],
  authentication_token_cache_fetch_total: ['counter', 'status'],
  serviceaccount_valid_tokens_total: ['counter', ''],
  serviceaccount_stale_tokens_total: ['counter', ''],
  aggregator_discovery_aggregation_count_total: ['counter', ''],
  rest_client_requests_total: ['counter', 'code host method'],
  rest_client_request_duration_seconds: ['histogram', 'host verb'],
  rest_client_request_size_bytes: ['histogram', 'host verb'],
  rest_client_response_size_bytes: ['histogram', 'host verb'],
  kube_apiserver_clusterip_allocator_allocated_ips: ['gauge', 'cidr'],
  kube_apiserver_clusterip_allocator_available_ips: ['gauge', 'cidr'],
  kube_apiserver_clusterip_allocator_allocation_total: ['counter', 'cidr scope'],
  kube_apiserver_nodeport_allocator_allocated_ports: ['gauge', ''],
  kube_apiserver_nodeport_allocator_available_ports: ['gauge', ''],
  process_cpu_seconds_total: ['counter', ''],
  process_resident_memory_bytes: ['gauge', ''],
  process_start_time_seconds: ['gauge', ''],
  process_open_fds: ['gauge', ''],
  process_max_fds: ['gauge', ''],
}

describe('/metrics', () => {
  let server: TestServer
  let hooks: TestHooks
  let admin: Call

  const metrics = async () => parse((await admin('/metrics')).text)
  /** The sum of the samples with these labels. */
  const sum = (all: Map<string, Metric>, name: string, labels: Record<string, string>, suffix = '') =>
    (all.get(name)?.samples ?? [])
      .filter((s) => s.name === `${name}${suffix}` && Object.entries(labels).every(([k, v]) => s.labels[k] === v))
      .reduce((total, { value }) => total + value, 0)

  beforeAll(async () => {
    server = await startTestServer()
    hooks = await startHooks(server)
    admin = await callerOf(server, { name: 'root', groups: ['system:masters'] })
    const webhooks = [
      {
        name: 'maps.example.com',
        clientConfig: { url: `${hooks.url}/maps`, caBundle: hooks.caBundle },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ]
    const path = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations'
    expect((await admin(path, { body: { metadata: { name: 'maps' }, webhooks } })).code).toBe(201)
    hooks.answers.set('/maps', ({ name }) => ({ allowed: name !== 'bad', status: { code: 403, message: 'no' } }))
  })
  afterAll(async () => {
    await server.close()
    await hooks.close()
  })

  it('tells what services hold', async () => {
    const before = await metrics()
    const labels = { cidr: '10.96.0.0/16' }
    const created = await admin('/api/v1/namespaces/default/services', {
      body: { metadata: { name: 'held' }, spec: { type: 'NodePort', clusterIP: '10.96.0.77', ports: [{ port: 80 }] } },
    })
    expect([created.code, created.body.message]).toEqual([201, undefined])
    const all = await metrics()
    const more = (name: string, of: Record<string, string>) => sum(all, name, of) - sum(before, name, of)
    expect(more('kube_apiserver_clusterip_allocator_allocated_ips', labels)).toBe(1)
    expect(more('kube_apiserver_clusterip_allocator_available_ips', labels)).toBe(-1)
    expect(more('kube_apiserver_clusterip_allocator_allocation_total', { ...labels, scope: 'static' })).toBe(1)
    expect(more('kube_apiserver_nodeport_allocator_allocated_ports', {})).toBe(1)
    expect(more('kube_apiserver_nodeport_allocator_allocation_total', { scope: 'dynamic' })).toBe(1)
    expect(more('etcd_requests_total', { operation: 'create', resource: 'services' })).toBe(1)
    expect(more('etcd_requests_total', { operation: 'create', resource: 'ipaddresses' })).toBe(1)
    expect(more('rest_client_requests_total', { method: 'POST', code: '201' })).toBe(0)
  })

  it('counts what was asked, under labels that are bounded', async () => {
    const maps = '/api/v1/namespaces/default/configmaps'
    const earlier = await metrics()
    expect((await admin(maps, { body: { metadata: { name: 'good' } } })).code).toBe(201)
    expect((await admin(`${maps}?dryRun=All`, { body: { metadata: { name: 'dry' } } })).code).toBe(201)
    expect((await admin(maps, { body: { metadata: { name: 'bad' } } })).code).toBe(403)
    await admin(maps)
    await admin('/api/v1/configmaps')
    await admin(`${maps}/good`)
    await admin(`${maps}/none`)
    await admin(`${maps}/good?fieldManager=me`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/apply-patch+yaml' },
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'good' } },
    })
    await admin(`${maps}?watch=1&timeoutSeconds=1&resourceVersion=0`)
    await admin('/apis/made.up/v1/things')
    await admin('/made/up')
    await admin('/livez')
    const all = await metrics()
    // Components in the process are counted, too.
    const total = (labels: Record<string, string>) =>
      sum(all, 'apiserver_request_total', labels) - sum(earlier, 'apiserver_request_total', labels)
    const about = { group: '', version: 'v1', resource: 'configmaps', component: 'apiserver' }
    expect(total({ ...about, verb: 'POST', dry_run: '', scope: 'resource', code: '201' })).toBe(1)
    expect(total({ ...about, verb: 'POST', dry_run: 'All', scope: 'resource', code: '201' })).toBe(1)
    expect(total({ ...about, verb: 'POST', code: '403' })).toBe(1)
    expect(total({ ...about, verb: 'LIST', scope: 'namespace', code: '200' })).toBe(1)
    expect(total({ ...about, verb: 'LIST', scope: 'cluster', code: '200' })).toBe(1)
    expect(total({ ...about, verb: 'GET', scope: 'resource', code: '200' })).toBe(1)
    expect(total({ ...about, verb: 'GET', scope: 'resource', code: '404' })).toBe(1)
    expect(total({ ...about, verb: 'APPLY', scope: 'resource', code: '200' })).toBe(1)
    expect(total({ ...about, verb: 'WATCH', scope: 'namespace', code: '200' })).toBe(1)
    expect(total({ resource: 'things' })).toBe(0)
    expect(total({ resource: '', verb: 'LIST', code: '404' })).toBe(1)
    expect(total({ subresource: '/livez', verb: 'GET', code: '200' })).toBe(1)
    expect(total({ subresource: '/made/up' })).toBe(0)
    const get = { ...about, verb: 'GET' }
    expect(sum(all, 'apiserver_request_duration_seconds', get, '_count')).toBe(2)
    expect(sum(all, 'apiserver_response_sizes', { ...about, verb: 'LIST' }, '_count')).toBe(2)
    expect(sum(all, 'apiserver_response_sizes', { ...about, verb: 'LIST' }, '_sum')).toBeGreaterThan(200)
    const slis = (of: Map<string, Metric>) =>
      sum(of, 'apiserver_request_sli_duration_seconds', { ...about, verb: 'POST' }, '_count')
    expect(slis(all) - slis(earlier)).toBe(2)
    expect(sum(all, 'apiserver_watch_events_total', { resource: 'configmaps' })).toBeGreaterThan(0)
  })

  it('counts what admission says', async () => {
    const all = await metrics()
    const hook = { name: 'maps.example.com', type: 'validating', operation: 'CREATE' }
    const durations = 'apiserver_admission_webhook_admission_duration_seconds'
    expect(sum(all, durations, { ...hook, rejected: 'false' }, '_count')).toBe(2)
    expect(sum(all, durations, { ...hook, rejected: 'true' }, '_count')).toBe(1)
    const rejected = { ...hook, error_type: 'no_error', rejection_code: '403' }
    expect(sum(all, 'apiserver_admission_webhook_rejection_count', rejected)).toBe(1)
    const steps = 'apiserver_admission_step_admission_duration_seconds'
    expect(sum(all, steps, { type: 'validate', rejected: 'true' }, '_count')).toBe(1)
    const controllers = 'apiserver_admission_controller_admission_duration_seconds'
    expect(sum(all, controllers, { name: 'NamespaceLifecycle', type: 'admit' }, '_count')).toBeGreaterThan(3)
    expect(sum(all, controllers, { name: 'ValidatingAdmissionWebhook', rejected: 'true' }, '_count')).toBe(1)
  })

  it('does not hold the slowness of webhooks against the server', async () => {
    hooks.answers.set('/maps', () => {
      // The hook answers at once; what is slow is this thread, which serves it.
      const until = Date.now() + 300
      while (Date.now() < until);
      return { allowed: true }
    })
    const about = { verb: 'POST', resource: 'configmaps' }
    const before = await metrics()
    expect((await admin('/api/v1/namespaces/default/configmaps', { body: { metadata: { name: 'slow' } } })).code).toBe(
      201,
    )
    const after = await metrics()
    const more = (name: string) => sum(after, name, about, '_sum') - sum(before, name, about, '_sum')
    expect(more('apiserver_request_duration_seconds')).toBeGreaterThan(0.29)
    expect(more('apiserver_request_sli_duration_seconds')).toBeLessThan(0.2)
    hooks.answers.set('/maps', () => ({ allowed: true }))
  })

  it('counts what policies find', async () => {
    const group = '/apis/admissionregistration.k8s.io/v1'
    const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['services'] }
    const spec = {
      matchConstraints: { resourceRules: [rule] },
      validations: [{ expression: "object.metadata.name != 'bad'" }, { expression: "object.spec.nothing == 'x'" }],
    }
    const make = async (resource: string, body: object) =>
      expect((await admin(`${group}/${resource}`, { body })).code).toBe(201)
    await make('validatingadmissionpolicies', { metadata: { name: 'names' }, spec })
    await make('validatingadmissionpolicybindings', {
      metadata: { name: 'everywhere' },
      spec: { policyName: 'names', validationActions: ['Deny', 'Audit'] },
    })
    const body = { metadata: { name: 'bad' }, spec: { ports: [{ port: 1 }] } }
    await vi.waitFor(async () =>
      expect((await admin('/api/v1/namespaces/default/services?dryRun=All', { body })).code).toBe(422),
    )
    const all = await metrics()
    const found = { policy: 'names', policy_binding: 'everywhere' }
    const total = 'apiserver_validating_admission_policy_check_total'
    expect(sum(all, total, { ...found, enforcement_action: 'deny', error_type: 'no_error' })).toBe(1)
    expect(sum(all, total, { ...found, enforcement_action: 'audit', error_type: 'invalid_error' })).toBe(1)
  })

  it('counts who came', async () => {
    const nobody = await callerOf(server)
    const before = await metrics()
    expect((await nobody('/api/v1/pods')).code).toBe(403)
    expect((await nobody('/api/v1/pods', { token: 'x' })).code).toBe(401)
    const after = await metrics()
    const more = (name: string, labels: Record<string, string>) => sum(after, name, labels) - sum(before, name, labels)
    expect(more('authentication_attempts', { result: 'failure' })).toBe(1)
    expect(more('authorization_attempts_total', { result: 'no-opinion' })).toBe(1)
    expect(more('authenticated_user_requests', { username: 'other' })).toBeGreaterThan(0)
  })

  it('tells what the Pod Security Standards were held against', async () => {
    const labels = { 'pod-security.kubernetes.io/enforce': 'baseline', 'pod-security.kubernetes.io/warn': 'restricted' }
    expect((await admin('/api/v1/namespaces', { body: { metadata: { name: 'secure', labels } } })).code).toBe(201)
    const pods = '/api/v1/namespaces/secure/pods?dryRun=All'
    const container = { name: 'c', image: 'i' }
    const account = { automountServiceAccountToken: false, serviceAccountName: 'default' }
    await server.client.create(serviceaccounts, { metadata: { name: 'default', namespace: 'secure' } })
    const pod = (spec: object) => ({ metadata: { name: 'p' }, spec: { ...account, containers: [container], ...spec } })
    expect((await admin(pods, { body: pod({}) })).code).toBe(201)
    expect((await admin(pods, { body: pod({ hostNetwork: true }) })).code).toBe(403)
    const all = await metrics()
    const judged = (labels: Record<string, string>) =>
      sum(all, 'pod_security_evaluations_total', {
        ...{ policy_version: 'latest', request_operation: 'create', resource: 'pod', subresource: '' },
        ...labels,
      })
    expect(judged({ policy_level: 'baseline', mode: 'enforce', decision: 'allow' })).toBe(1)
    expect(judged({ policy_level: 'baseline', mode: 'enforce', decision: 'deny' })).toBe(1)
    expect(judged({ policy_level: 'restricted', mode: 'warn', decision: 'deny' })).toBe(1)
  })

  it('shows what is under way', async () => {
    const stop = new AbortController()
    const { request } = await import('node:https')
    const { cert, key } = server.admin
    const path = `${server.url}/api/v1/secrets?watch=1`
    const watching = request(path, { ca: server.ca, cert, key, signal: stop.signal }, (response) => response.resume())
    watching.on('error', () => {})
    watching.end()
    const long = { verb: 'WATCH', resource: 'secrets', scope: 'cluster', version: 'v1' }
    await vi.waitFor(async () => expect(sum(await metrics(), 'apiserver_longrunning_requests', long)).toBe(1))
    // The request that asks is under way, too.
    expect(sum(await metrics(), 'apiserver_current_inflight_requests', { request_kind: 'readOnly' })).toBe(1)
    stop.abort()
    await vi.waitFor(async () => expect(sum(await metrics(), 'apiserver_longrunning_requests', long)).toBe(0))
  })

  it.each([
    ...Object.entries(STABLE).map(([name, [type, labels]]) => ({ name, type, labels, stability: '[STABLE]' })),
    ...Object.entries(OTHERS).map(([name, [type, labels]]) => ({ name, type, labels, stability: '[' })),
  ])('has $name', async ({ name, type, labels, stability }) => {
    const metric = (await metrics()).get(name)
    expect(metric?.type).toBe(type)
    expect(metric?.help.startsWith(stability)).toBe(true)
    const found = new Set(metric?.samples.flatMap((sample) => Object.keys(sample.labels)).filter((l) => l !== 'le'))
    expect([...found].sort().join(' ')).toBe(labels)
  })

  it('has distributions that add up', async () => {
    for (const [name, { type, samples }] of await metrics()) {
      if (type !== 'histogram') continue
      const counts = samples.filter((s) => s.name === `${name}_count`).reduce((total, s) => total + s.value, 0)
      const all = samples.filter((s) => s.labels.le === '+Inf').reduce((total, s) => total + s.value, 0)
      expect([name, all]).toEqual([name, counts])
    }
  })

  it('has the health of the server in /metrics/slis', async () => {
    await admin('/readyz')
    const slis = parse((await admin('/metrics/slis')).text)
    expect(slis.get('kubernetes_healthcheck')?.help).toMatch(/^\[STABLE\]/)
    expect(sum(slis, 'kubernetes_healthcheck', { name: 'etcd', type: 'readyz' })).toBe(1)
    expect(sum(slis, 'kubernetes_healthchecks_total', { name: 'ping', type: 'livez', status: 'success' })).toBe(1)
  })

  it('says which deprecated versions are in use', async () => {
    await admin('/apis/policy/v1beta1/namespaces/default/poddisruptionbudgets')
    const all = await metrics()
    const asked = { group: 'policy', version: 'v1beta1', resource: 'poddisruptionbudgets', removed_release: '1.25' }
    expect(sum(all, 'apiserver_requested_deprecated_apis', asked)).toBe(1)
  })
})
