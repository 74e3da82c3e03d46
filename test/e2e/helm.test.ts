// Stock helm of several versions: a chart with hooks, a custom resource definition and a test, from install to uninstall.

import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { canRunContainers, run, startCluster, type TestCluster } from './support/cluster.ts'
import { BUSYBOX, loadBusybox } from './support/images.ts'
import { helmOf, type KubectlVersion } from './support/kubectl.ts'

const CHART: Readonly<Record<string, string>> = {
  'Chart.yaml': `
apiVersion: v2
name: shop
version: 1.2.3
appVersion: "9"
`,
  'values.yaml': `
replicas: 1
greeting: hello
`,
  'crds/boats.yaml': `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: boats.harbour.example
spec:
  group: harbour.example
  scope: Namespaced
  names: {plural: boats, singular: boat, kind: Boat, shortNames: [bt]}
  versions:
  - name: v1
    served: true
    storage: true
    additionalPrinterColumns:
    - {name: Length, type: integer, jsonPath: .spec.length}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            required: [length]
            properties:
              length: {type: integer, minimum: 1}
`,
  'templates/boat.yaml': `
apiVersion: harbour.example/v1
kind: Boat
metadata:
  name: {{ .Release.Name }}
spec:
  length: {{ .Values.replicas }}
`,
  'templates/web.yaml': `
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
data:
  greeting: {{ .Values.greeting | quote }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}
spec:
  selector: {app: {{ .Release.Name }}}
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: web
        image: ${BUSYBOX}
        command: [httpd, -f, -p, "8080"]
        readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
{{- if .Capabilities.APIVersions.Has "policy/v1/PodDisruptionBudget" }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .Release.Name }}
spec:
  maxUnavailable: 1
  selector: {matchLabels: {app: {{ .Release.Name }}}}
{{- end }}
`,
  'templates/hooks.yaml': `
{{- range list "pre-install" "post-upgrade" }}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ $.Release.Name }}-{{ . }}
  annotations:
    helm.sh/hook: {{ . }}
    helm.sh/hook-delete-policy: before-hook-creation
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers:
      - {name: main, image: ${BUSYBOX}, command: [echo, {{ . }} has run]}
{{- end }}
`,
  'templates/test.yaml': `
apiVersion: v1
kind: Pod
metadata:
  name: {{ .Release.Name }}-test
  annotations: {helm.sh/hook: test}
spec:
  restartPolicy: Never
  containers:
  - {name: main, image: ${BUSYBOX}, command: [sh, -c, "echo | nc -w 5 {{ .Release.Name }} 80"]}
`,
}

const versions: readonly KubectlVersion[] = ['v20', 'v28', 'v35']

describe.skipIf(!canRunContainers)('helm', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await startCluster()
    await loadBusybox(cluster)
    for (const [name, text] of Object.entries(CHART)) {
      const path = join(cluster.dir, 'shop', name)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, text)
    }
  })
  afterAll(() => cluster?.remove())

  it.each(versions)('of kubectl %s installs, upgrades, tests, rolls back and uninstalls', async (version) => {
    const release = `shop-${version}`
    const helm = async (...args: string[]) => {
      const home = join(cluster.dir, 'helm')
      const env = {
        KUBECONFIG: cluster.kubeconfig,
        HELM_CACHE_HOME: home,
        HELM_CONFIG_HOME: home,
        HELM_DATA_HOME: home,
      }
      const { code, stdout, stderr } = await run(helmOf(version), args, { env })
      if (code !== 0) throw new Error(`helm ${args.join(' ')} gave ${code}: ${stderr}${stdout}`)
      return stdout
    }
    const chart = join(cluster.dir, 'shop')
    const greeting = () => cluster.kubectl('get', 'configmap', release, '-o', 'jsonpath={.data.greeting}')
    const timeout = ['--timeout', '60s']

    expect(await helm('install', release, chart, '--wait', ...timeout)).toMatch(/^STATUS: deployed$/m)
    expect(await cluster.kubectl('get', 'deployment', release)).toMatch(/ 1\/1 /)
    expect(await cluster.kubectl('get', 'boats', release)).toMatch(/^NAME +LENGTH\n\S+ +1$/m)
    expect(await cluster.kubectl('get', 'pdb', release, '-o', 'name')).toContain(release)
    expect(await cluster.kubectl('logs', `job/${release}-pre-install`)).toBe('pre-install has run\n')
    expect(await helm('list')).toMatch(new RegExp(`^${release}\\s.*\\sdeployed\\s+shop-1\\.2\\.3\\s+9`, 'm'))
    expect(await helm('test', release, ...timeout)).toMatch(/^Phase: +Succeeded$/m)

    await helm('upgrade', release, chart, '--set', 'greeting=bye,replicas=2', '--wait', ...timeout)
    expect(await greeting()).toBe('bye')
    expect(await cluster.kubectl('get', 'deployment', release)).toMatch(/ 2\/2 /)
    expect(await cluster.kubectl('logs', `job/${release}-post-upgrade`)).toBe('post-upgrade has run\n')
    expect(await helm('get', 'manifest', release)).toContain('greeting: "bye"')
    await expect(helm('upgrade', release, chart, '--set', 'replicas=0', ...timeout)).rejects.toThrow(
      'spec.length in body should be greater than or equal to 1',
    )

    await helm('rollback', release, '1', '--wait', ...timeout)
    expect(await greeting()).toBe('hello')
    expect(await helm('history', release)).toMatch(/Rollback to 1/)
    expect(await helm('uninstall', release)).toContain(`release "${release}" uninstalled`)
    expect(await cluster.kubectl('get', 'boats,deployments,configmaps,services', '-o', 'name')).not.toContain(release)
  })
})
