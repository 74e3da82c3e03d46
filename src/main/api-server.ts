// The API server, put together: store, registry, authentication, authorization, admission, listener.

import { join } from 'node:path'
import { admissionPlugins } from '../apiserver/admission/index.ts'
import { startAggregation } from '../apiserver/aggregation/index.ts'
import type { ProxyIdentity } from '../apiserver/aggregation/remote-apis.ts'
import { Api } from '../apiserver/api.ts'
import { auditedClient } from '../apiserver/audit/audited-client.ts'
import { createAuditor } from '../apiserver/audit/auditor.ts'
import { openBackends } from '../apiserver/audit/backends.ts'
import { certificateAuthenticator, firstKnown } from '../apiserver/authentication/authenticator.ts'
import { bootstrapTokenAuthenticator } from '../apiserver/authentication/bootstrap-tokens.ts'
import { configuredAuthenticators } from '../apiserver/authentication/configured.ts'
import { createImpersonator } from '../apiserver/authentication/impersonator.ts'
import type { TokenIssuer } from '../apiserver/authentication/service-account-tokens.ts'
import { ofThisServer, tokenReviewer } from '../apiserver/authentication/token-reviewer.ts'
import { configuredAuthorization } from '../apiserver/authorization/configured.ts'
import { createNodeAuthorizer } from '../apiserver/authorization/node.ts'
import { createRbacAuthorizer } from '../apiserver/authorization/rbac.ts'
import { createKubeletConnector, type KubeletCredentials } from '../apiserver/connect/kubelet-connection.ts'
import { CustomResources } from '../apiserver/custom/custom-resources.ts'
import { defaultFeatures } from '../apiserver/features/feature-gates.ts'
import { gates } from '../apiserver/features/gates.ts'
import { keepDanglingConditions } from '../apiserver/flow-control/dangling.ts'
import { dumpOf } from '../apiserver/flow-control/dump.ts'
import { type FlowControl, PriorityAndFairness } from '../apiserver/flow-control/flow-control.ts'
import { maxInFlight } from '../apiserver/flow-control/max-in-flight.ts'
import { turnTakingClient } from '../apiserver/flow-control/turn-taking-client.ts'
import type { HealthCheck } from '../apiserver/http/health.ts'
import { healthChecks } from '../apiserver/http/health-checks.ts'
import { type ApiServerOptions, listen, listenInsecure } from '../apiserver/http/server.ts'
import { createInProcessClient } from '../apiserver/in-process-client.ts'
import { addAllocators, repairFigures } from '../apiserver/metrics/allocators.ts'
import { addExpressions } from '../apiserver/metrics/expressions.ts'
import { createApiMetrics } from '../apiserver/metrics/index.ts'
import { outgoingFigures } from '../apiserver/metrics/outgoing.ts'
import { addBuild } from '../apiserver/metrics/process.ts'
import { queueObservers } from '../apiserver/metrics/queues.ts'
import { addAudit, addFlowControl, addRemotes, flowObservers } from '../apiserver/metrics/server.ts'
import { observedStore, transformObserver } from '../apiserver/metrics/store.ts'
import { createOpenApiHandler, type LoadDocs } from '../apiserver/openapi/index.ts'
import { Registry } from '../apiserver/registry/registry.ts'
import type { Resource } from '../apiserver/registry/resource.ts'
import { checkComponents } from '../apiserver/resources/core/component-status.ts'
import { allResources } from '../apiserver/resources/index.ts'
import { rollback } from '../apiserver/resources/legacy/rollback.ts'
import { keepDefaultRange } from '../apiserver/services/default-range.ts'
import { keepAddressesRepaired } from '../apiserver/services/repair.ts'
import { createServiceAllocator } from '../apiserver/services/service-allocator.ts'
import { bindings } from '../apiserver/subresources/binding.ts'
import { reviews } from '../apiserver/subresources/reviews.ts'
import { tokenRequest } from '../apiserver/subresources/token-request.ts'
import { MASTERS_GROUP, type UserInfo } from '../apiserver/user.ts'
import { clusterAddresses, webhookCaller } from '../apiserver/webhook-call.ts'
import { webhookClient } from '../apiserver/webhook-client.ts'
import type { Client } from '../client/client.ts'
import { createEventRecorder } from '../client/event-recorder.ts'
import type { QueueObserver } from '../client/workqueue.ts'
import type { Clock } from '../machinery/clock.ts'
import type { Logger } from '../machinery/logger.ts'
import { MetricSet } from '../machinery/metrics.ts'
import type { Random } from '../machinery/random.ts'
import type { Store } from '../store/store.ts'
import type { ApiServerSettings } from './api-server-settings.ts'
import type { KeyPair } from './certificates.ts'
import { startEncryption } from './encryption.ts'
import { flagValues } from './flag-values.ts'
import { followConfiguration } from './follow-configuration.ts'
import { SIGNING_KEY, startTokenIssuer } from './token-issuer.ts'
import { gitVersion, versionInfo } from './version.ts'
import { readWebhookIdentities } from './webhook-kubeconfig.ts'

/** Upstream's limits. */
const DEFAULT_FLOW = { fair: true, reading: 400, mutating: 200 }

export interface ApiServerSetup {
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly host: string
  readonly port: number
  /** `10.0.0.1`: what clients in the cluster are told. */
  readonly advertiseIP: string
  readonly serving: KeyPair
  readonly clientCa: string
  readonly kubeletClient: KubeletCredentials
  /** Who the server is to the servers of other APIs. */
  readonly proxyIdentity: ProxyIdentity
  /** Sets how much is logged, in upstream's levels. */
  readonly setVerbosity?: (level: number) => void
  /** Directory of the service-account signing key. */
  readonly pki: string
  readonly clusterDomain: string
  readonly serviceCidr: string
  readonly nodePorts: { readonly from: number; readonly to: number }
  readonly readyChecks: readonly HealthCheck[]
  /** What was read from the files that flags name. */
  readonly settings?: ApiServerSettings
  /** Serve the versions that upstream retired, too. */
  readonly legacyApis: boolean
  /** Port on 127.0.0.1 for plain HTTP, where everyone is administrator; 0: any free one. Absent: none. */
  readonly insecurePort?: number
  /** The image registry's handler, once it is there. */
  readonly images?: ApiServerOptions['images']
  /** Prose for the OpenAPI documents. */
  readonly loadDocs?: LoadDocs
}

export interface RunningApiServer {
  readonly port: number
  /** Resolves when the APIs served here have been registered. */
  readonly registered: Promise<void>
  /** Where plain HTTP is served, if it is. */
  readonly insecurePort?: number
  readonly issuer: TokenIssuer
  readonly audiences: readonly string[]
  /** Whether a user may do something with a resource of the whole cluster. */
  isAllowed(
    user: UserInfo,
    asked: { verb: string; group: string; version: string; resource: string; subresource: string },
  ): Promise<boolean>
  /** A client for components in this process. */
  clientFor(user: UserInfo): Client
  /** Who counts what happens in the queue of a controller in this process. */
  observeQueue(name: string): QueueObserver
  close(): Promise<void>
}

/** Starts the API server; it answers when this resolves. */
export async function startApiServer(setup: ApiServerSetup): Promise<RunningApiServer> {
  const { store, clock, random, log } = setup
  const startedAt = clock.now()
  const {
    encryption,
    audit,
    authentication,
    authorization,
    authorizationFile,
    authenticationFile,
    encryptionFile,
    serviceAccounts,
    operation,
    flow = DEFAULT_FLOW,
    requestTimeoutMs = 60_000,
    shutdownDelayMs = 0,
  } = setup.settings ?? {}
  const serves = setup.settings?.serves?.(setup.legacyApis)
  const resources = withEventTtl(
    allResources({ legacyApis: setup.legacyApis, ...(serves ? { serves } : {}) }),
    operation?.eventTtlSeconds,
  )
  const all = new MetricSet()
  const kept = await startEncryption(encryption ?? [], { clock, random, log, followed: encryptionFile !== undefined })
  const registry = new Registry({
    store: observedStore(store, all, { resources, now: () => clock.now() }),
    resources,
    ...(serves ? { serves } : {}),
    clock,
    random,
    freeze: false,
    ...(encryption ? { encryption, cipherOfPlugin: kept.cipherOfPlugin } : {}),
    observeTransformer: transformObserver(all, () => performance.now()),
  })
  const serviceCidrs = setup.settings?.serviceCidrs ?? [setup.serviceCidr]
  if (serviceCidrs[0] !== setup.serviceCidr) {
    throw new Error(`cannot use ${serviceCidrs[0]} for services: this cluster was made with ${setup.serviceCidr}`)
  }
  const metrics = createApiMetrics(registry, clock, all)
  const stopCounting = addExpressions(all, () => performance.now())
  const outgoing = outgoingFigures(all)
  const observePosts = outgoing.post
  const version = versionInfo(process.arch === 'x64' ? 'amd64' : process.arch)
  const features = setup.settings?.features ?? defaultFeatures
  addBuild(
    metrics.all,
    version,
    gates.map(({ name, stage }) => ({ name, stage: stage === 'GA' ? '' : stage, on: features(name) })),
  )
  const { issuer, issuers, audiences } = startTokenIssuer(setup, registry)
  const [rbac, allocator, node] = await Promise.all([
    createRbacAuthorizer(registry),
    createServiceAllocator(registry, { serviceCidrs, nodePortRange: setup.nodePorts, log }),
    createNodeAuthorizer(registry, { observe: metrics.access.graph(), now: () => performance.now() }),
  ])
  registry.allocators = [allocator]
  addAllocators(all, allocator.figures)
  const { authorizer, rules, counts, replace } = configuredAuthorization(authorization, {
    ...{ node, rbac, clock, random, log, observePosts },
    observer: metrics.access.webhooks,
  })
  metrics.access.showDecisions(counts)
  metrics.access.showTokens(issuer)
  const calling = { clock, resolve: clusterAddresses(registry), observe: observePosts }
  const call = webhookCaller(calling)
  const callAs = (kubeconfig = '') =>
    kubeconfig === '' ? call : webhookCaller({ ...calling, identityOf: readWebhookIdentities(kubeconfig, clock) })
  const admission = setup.settings?.admission
  const following = { metrics, clock, log }
  const stops = [
    authorizationFile && followConfiguration('authorization', authorizationFile, { ...following, take: replace }),
    encryptionFile &&
      followConfiguration('encryption', encryptionFile, {
        ...following,
        take: (rules) => kept.replace(registry, rules),
      }),
  ]
  const plugins = admissionPlugins(registry, {
    escalation: { authorizer, rbac },
    observePolicies: metrics.admission.policyFound,
    observePodSecurity: metrics.admission.podSecurityJudged,
    settings: admission,
    webhooks: {
      mutating: callAs(admission?.mutatingKubeconfig),
      validating: callAs(admission?.validatingKubeconfig),
      ...{ log, observe: metrics.admission.hookCalled },
    },
    askImages:
      admission?.images && webhookClient({ ...admission.images, timeoutMs: 30_000, clock, random, observePosts }),
  })
  registry.admission = [metrics.admission.timed(plugins)]
  const custom = await CustomResources.start({
    registry,
    clock,
    log,
    call,
  })
  const configured = configuredAuthenticators(authentication, {
    ...{ clock, log, random, audiences, observePosts },
  })
  const { askOthers } = configured
  if (authenticationFile) {
    const take = configured.replace
    stops.push(followConfiguration('authentication', authenticationFile, { ...following, take }))
  }
  const otherTokens = firstKnown([bootstrapTokenAuthenticator({ registry, clock }), ...configured.tokens])
  const tokenSettings = {
    audiences,
    extends: serviceAccounts?.extends ?? true,
    ...(serviceAccounts?.maxSeconds ? { maxSeconds: serviceAccounts.maxSeconds } : {}),
  }
  const api = new Api(
    registry,
    new Map([
      ['/bindings', bindings(registry)],
      ['serviceaccounts/token', tokenRequest(registry, issuer, tokenSettings)],
      ['deployments/rollback', rollback(registry)],
      ...reviews({
        registry,
        authorizer,
        rules,
        reviewToken: tokenReviewer({ issuer, audiences, otherTokens, askOthers }),
      }),
    ]),
  )
  const losses = new Map<string, number>()
  const print = (text: string) => process.stdout.write(text)
  const auditor =
    audit &&
    createAuditor({
      ...{ policy: audit.policy, clock, random },
      backend: openBackends(audit, { clock, random, log, losses, print, observePosts }),
    })
  const observeOwn = outgoing.own(`${setup.advertiseIP}:${setup.port}`)
  let turns: FlowControl | undefined
  const clientFor = (user: UserInfo) => {
    const client = createInProcessClient({
      api,
      user,
      authorizer,
      onWarning: (message) => log.debug('api-warning', { user: user.name, message }),
    })
    const served = turnTakingClient(client, {
      ...{ user, clock, requests: metrics.requests },
      flow: () => turns,
      observe: observeOwn,
    })
    if (!auditor) return served
    const userAgent = `sampan/${version.gitVersion} (${version.platform})`
    return auditedClient(served, { audit: auditor, user, authorizer, userAgent })
  }
  const ownClient = clientFor({ name: 'system:apiserver', groups: [MASTERS_GROUP] })
  const eventsOf = (component: string) => createEventRecorder({ client: ownClient, clock, log, component })
  const stopRange = await keepDefaultRange({
    ...{ registry, client: ownClient, log, serviceCidrs },
    events: eventsOf('kubernetes-service-cidr-controller'),
  })
  const stopRepair = await keepAddressesRepaired({
    ...{ registry, client: ownClient, log, figures: repairFigures(all) },
    events: eventsOf('ipallocator-repair-controller'),
  })
  const aggregation = await startAggregation({
    registry,
    client: ownClient,
    clock,
    log,
    resolve: clusterAddresses(registry),
    identity: setup.proxyIdentity,
  })
  const shutdown = new AbortController()
  let shuttingDown = false
  const serverAddress = `${setup.advertiseIP}:${setup.port}`
  const askStore = async () => void (await store.currentRevision())
  // Scheduler and controllers live and die with this process; the store can fail by itself.
  const components: HealthCheck[] = [
    { name: 'scheduler', check: () => {} },
    { name: 'controller-manager', check: () => {} },
    { name: 'etcd-0', check: askStore },
  ]
  registry.computed.set(registry.resource('', 'componentstatuses'), () => checkComponents(components))
  const fairness = flow.fair
    ? await PriorityAndFairness.open({
        registry,
        clock,
        totalSeats: flow.reading + flow.mutating,
        observe: flowObservers(metrics.all),
      })
    : undefined
  turns = fairness ?? maxInFlight(flow)
  if (fairness) addFlowControl(metrics.all, () => fairness.figures)
  if (auditor) addAudit(metrics.all, auditor.counts, losses)
  addRemotes(metrics.all, aggregation.remotes)
  const stopConditions = fairness && (await keepDanglingConditions({ registry, client: ownClient, log }))
  const serverOptions: ApiServerOptions = {
    host: setup.host,
    port: setup.port,
    tls: {
      cert: setup.serving.cert,
      key: setup.serving.key,
      clientCa: setup.clientCa,
      ...(authentication?.requestHeader ? { proxyCa: authentication.requestHeader.clientCa } : {}),
    },
    authenticate: firstKnown([
      ...configured.headers,
      certificateAuthenticator(metrics.access.certificates(() => clock.now())),
      issuer.authenticate,
      otherTokens,
      ...(askOthers ? [ofThisServer(askOthers, audiences)] : []),
    ]),
    requestTimeoutMs,
    allowsAnonymous: configured.allowsAnonymous,
    authorizer,
    impersonate: createImpersonator({
      ...{ authorizer, constrained: features('ConstrainedImpersonation'), now: () => clock.now() },
      observe: metrics.access.impersonationChecked,
    }),
    resources: {
      ...{ api, authorizer, clock, log, random, shutdown: shutdown.signal },
      cbor: features('CBORServingAndStorage'),
      watchListed: metrics.requests.watchListed,
      countWatch: ({ group, version }, resource) => metrics.requests.watching({ group, version, resource }),
      ...(operation ? { minWatchSeconds: operation.minWatchSeconds } : {}),
    },
    ...(operation && operation.goawayChance > 0 ? { sendsAway: () => random.next() < operation.goawayChance } : {}),
    system: {
      ...{ registry, metrics, version, clock, random, startedAt },
      flags: flagValues(setup.settings?.flags ?? {}, {
        'advertise-address': setup.advertiseIP,
        'bind-address': setup.host,
        'secure-port': String(setup.port),
        'service-account-issuer': issuers.join(','),
        'service-account-signing-key-file': join(setup.pki, SIGNING_KEY),
        'service-cluster-ip-range': serviceCidrs.join(','),
        'service-node-port-range': `${setup.nodePorts.from}-${setup.nodePorts.to}`,
      }),
      serverAddress,
      ...healthChecks({
        store: askStore,
        pending: setup.readyChecks,
        encryption: kept.healthChecks,
        shutdown() {
          if (shuttingDown) throw new Error('process is shutting down')
        },
      }),
      openApi: createOpenApiHandler({
        ...{ registry, clock, release: gitVersion, remotes: aggregation.remotes },
        ...(setup.loadDocs ? { loadDocs: setup.loadDocs } : {}),
      }),
      ...(fairness ? { flowControlPage: (page: string) => dumpOf(fairness.levels, page) } : {}),
      debug: {
        clock,
        profiling: operation?.profiling ?? true,
        commandLine: process.argv,
        ...(setup.setVerbosity ? { setVerbosity: setup.setVerbosity } : {}),
      },
      openIdConfiguration: {
        issuer: issuers[0],
        jwks_uri: serviceAccounts?.jwksUri ?? `https://${serverAddress}/openid/v1/jwks`,
        response_types_supported: ['id_token'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: issuer.algorithms,
      },
      jwks: issuer.jwks,
    },
    pods: { registry, kubelets: createKubeletConnector(registry, setup.kubeletClient) },
    remotes: aggregation.remotes,
    metrics,
    ...(auditor ? { audit: auditor } : {}),
    flow: turns,
    images: setup.images ?? (() => undefined),
    log,
    now: () => clock.now(),
  }
  const listener = await listen(serverOptions)
  const insecure =
    setup.insecurePort === undefined ? undefined : await listenInsecure(serverOptions, setup.insecurePort)
  if (insecure) log.warn('insecure-port', { port: insecure.port, meaning: 'everyone on this machine is administrator' })
  return {
    port: listener.port,
    registered: aggregation.registered,
    ...(insecure ? { insecurePort: insecure.port } : {}),
    issuer,
    audiences,
    async isAllowed(user, asked) {
      const attributes = { ...asked, user, namespace: '', name: '', path: '', isResource: true }
      return (await authorizer.authorize(attributes)).verdict === 'allow'
    },
    clientFor,
    observeQueue: queueObservers(metrics.all),
    async close() {
      shuttingDown = true
      // Whoever balances load has this long to see that /readyz fails.
      if (shutdownDelayMs > 0) await new Promise<void>((resolve) => clock.after(shutdownDelayMs, resolve))
      shutdown.abort()
      await Promise.all([listener.close(), insecure?.close()])
      await auditor?.close()
      for (const stop of stops) stop?.()
      stopConditions?.()
      stopRepair()
      stopRange()
      aggregation.close()
      custom.close()
      stopCounting()
      registry.close()
      kept.close()
    },
  }
}

/** Events are kept as long as it is said; everything else as long as ever. */
function withEventTtl(resources: readonly Resource[], ttlSeconds: number | undefined): readonly Resource[] {
  if (ttlSeconds === undefined) return resources
  return resources.map((resource) =>
    resource.resource === 'events' ? { ...resource, definition: { ...resource.definition, ttlSeconds } } : resource,
  )
}
