// The cluster's registry, from images made here to pods that run them: pushed, loaded, tagged, built, removed.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { canRunContainers, run, startCluster, type TestCluster } from './support/cluster.ts'
import { BUSYBOX, loadBusybox } from './support/images.ts'
import { eventually } from './support/wait.ts'

interface Image {
  readonly repository: string
  readonly tag: string
  readonly digest: string
  readonly size: number
}

describe.skipIf(!canRunContainers)('the registry', () => {
  let cluster: TestCluster
  let address = ''
  beforeAll(async () => {
    cluster = await startCluster()
    await loadBusybox(cluster)
    address = `localhost:${cluster.config().registryPort}`
  })
  afterAll(() => cluster?.remove())

  const sampan = async (...args: string[]) => {
    const { code, stdout, stderr } = await cluster.sampan(...args)
    if (code !== 0) throw new Error(`sampan ${args.join(' ')} gave ${code}: ${stderr}${stdout}`)
    return stdout
  }
  const skopeo = async (...args: string[]) => {
    const { code, stdout, stderr } = await run('skopeo', ['--insecure-policy', ...args])
    if (code !== 0) throw new Error(`skopeo ${args.join(' ')} gave ${code}: ${stderr}${stdout}`)
    return stdout
  }
  const images = async () => JSON.parse(await sampan('image', 'ls', '-o', 'json')) as Image[]
  const imageOf = async (repository: string, tag = '1') =>
    (await images()).find((image) => image.repository === repository && image.tag === tag)
  const archiveOf = async (name: string) => {
    const archive = join(cluster.dir, `${name.replace(/\W/g, '-')}.tar`)
    await sampan('image', 'save', '-o', archive, name)
    return archive
  }
  const start = async (name: string, image: string, container: object = {}) => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{ name: 'main', image, imagePullPolicy: 'Always', command: ['sleep', '1000'], ...container }],
      },
    }
    const { code, stderr } = await cluster.tryKubectl(['create', '-f', '-'], { input: JSON.stringify(pod) })
    if (code !== 0) throw new Error(stderr)
  }
  const ready = (name: string) => cluster.kubectl('wait', `pod/${name}`, '--for=condition=Ready', '--timeout=60s')
  const statusOf = (name: string, path: string) =>
    cluster.kubectl('get', 'pod', name, '-o', `jsonpath={.status.containerStatuses[0].${path}}`)

  it('takes images that other programs push, and gives them back', async () => {
    const archive = await archiveOf(BUSYBOX)
    const destination = `docker://${address}/team/tools:v1`
    await skopeo('copy', '--dest-tls-verify=false', `oci-archive:${archive}`, destination)
    const inspected = JSON.parse(await skopeo('inspect', '--tls-verify=false', destination)) as {
      Digest: string
      RepoTags: string[]
      Layers: string[]
      Architecture: string
    }
    expect(inspected).toMatchObject({ RepoTags: ['v1'], Digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) })
    expect(inspected.Layers.length).toBeGreaterThan(0)
    const back = join(cluster.dir, 'back')
    await skopeo('copy', '--src-tls-verify=false', destination, `dir:${back}`)
    await skopeo('copy', '--src-tls-verify=false', '--dest-tls-verify=false', destination, `${destination}-again`)
    expect(JSON.parse(await skopeo('list-tags', '--tls-verify=false', `docker://${address}/team/tools`))).toMatchObject(
      {
        Tags: ['v1', 'v1-again'],
      },
    )
    await start('pushed', `${address}/team/tools:v1`)
    await ready('pushed')
    expect(await statusOf('pushed', 'imageID')).toContain(inspected.Digest)
    expect(await cluster.kubectl('get', 'events', '--field-selector', 'involvedObject.name=pushed')).toMatch(
      new RegExp(`Pulled .*Successfully pulled image "${address}/team/tools:v1" in `),
    )
  })

  it('stands in for other registries when pods always pull', async () => {
    expect(await sampan('image', 'tag', BUSYBOX, 'gcr.io/some/thing:1')).toBe('gcr.io/some/thing:1\n')
    const tagged = await imageOf('gcr.io/some/thing')
    expect(tagged?.digest).toBe((await imageOf('docker.io/library/busybox'))?.digest)
    await start('mirrored', 'gcr.io/some/thing:1')
    await ready('mirrored')
    expect(await statusOf('mirrored', 'image')).toBe('gcr.io/some/thing:1')
    expect(await statusOf('mirrored', 'imageID')).toBe(`gcr.io/some/thing@${tagged?.digest}`)
    await start('by-digest', `gcr.io/some/thing@${tagged?.digest}`)
    await ready('by-digest')
  })

  it('loads archives, plain and compressed, from files and standard input', async () => {
    const archive = await archiveOf('gcr.io/some/thing:1')
    const digest = (await imageOf('gcr.io/some/thing'))?.digest
    await sampan('image', 'rm', 'gcr.io/some/thing:1')
    expect(await imageOf('gcr.io/some/thing')).toBeUndefined()
    expect(await sampan('image', 'load', archive)).toBe('gcr.io/some/thing:1\n')
    expect((await imageOf('gcr.io/some/thing'))?.digest).toBe(digest)
    const docker = join(cluster.dir, 'docker.tar')
    await skopeo('copy', `oci-archive:${archive}`, `docker-archive:${docker}:quay.io/from/docker:1`)
    expect((await run('gzip', [docker])).code).toBe(0)
    expect(await sampan('image', 'load', `${docker}.gz`)).toBe('quay.io/from/docker:1\n')
    await sampan('image', 'rm', 'quay.io/from/docker:1')
    const piped = `exec "$0" "$1" image load - --name "$2" < "$3"`
    const args = ['-c', piped, process.execPath, 'bin/sampan.cjs', cluster.name, `${docker}.gz`]
    expect(await run('sh', args)).toMatchObject({ code: 0, stdout: 'quay.io/from/docker:1\n' })
    await start('loaded', 'quay.io/from/docker:1')
    await ready('loaded')
    const wrong = join(cluster.dir, 'wrong.tar')
    writeFileSync(wrong, 'this is no archive')
    const { code, stderr } = await cluster.sampan('image', 'load', wrong)
    expect(code).toBe(1)
    expect(stderr).toMatch(/^error: cannot read archive: /)
  })

  it('builds from a Dockerfile whose base is in the registry', async () => {
    const directory = join(cluster.dir, 'context')
    mkdirSync(directory)
    writeFileSync(join(directory, 'greeting'), 'hello from a file\n')
    writeFileSync(
      join(directory, 'Dockerfile'),
      [
        'FROM gcr.io/some/thing:1',
        'ARG WHO=nobody',
        'COPY greeting /greeting',
        'RUN ["/bin/sh", "-c", "echo made by a step >> /greeting"]',
        'ENV WHO=$WHO',
        'WORKDIR /work',
        'CMD ["sh", "-c", "cat /greeting; echo for $WHO; exec sleep 1000"]',
        '',
      ].join('\n'),
    )
    const built = await sampan('image', 'build', '-t', 'registry.example/made:1', '--build-arg', 'WHO=tests', directory)
    expect(built).toMatch(/^registry\.example\/made:1@sha256:[0-9a-f]{64}\n$/)
    await start('built', 'registry.example/made:1', { command: undefined })
    await ready('built')
    await eventually('the log', async () =>
      (await cluster.kubectl('logs', 'built')) === 'hello from a file\nmade by a step\nfor tests\n' ? true : undefined,
    )
    expect(await cluster.kubectl('exec', 'built', '--', 'sh', '-c', 'pwd')).toBe('/work\n')

    writeFileSync(join(directory, 'Dockerfile'), 'FROM gcr.io/not/there:1\n')
    const failed = await cluster.sampan('image', 'build', '-t', 'registry.example/made:2', directory)
    expect(failed.code).toBe(1)
    expect(failed.stderr).toContain('cannot build image "registry.example/made:2"')
    expect(await imageOf('registry.example/made', '2')).toBeUndefined()
  })

  it('lists and removes images; pods that need them say what is missing', async () => {
    const table = (await sampan('image', 'ls')).trimEnd().split('\n')
    expect(table[0]).toMatch(/^REPOSITORY +TAG +DIGEST +SIZE +CREATED$/)
    expect(table).toContainEqual(expect.stringMatching(/^registry\.example\/made +1 +[0-9a-f]{12} +[\d.]+[kM]?B +\S/))
    expect(table).toContainEqual(expect.stringMatching(/^docker\.io\/library\/busybox +1 /))
    expect(await sampan('image', 'rm', 'registry.example/made:1')).toContain('untagged registry.example/made:1\n')
    expect(await imageOf('registry.example/made')).toBeUndefined()
    expect(await cluster.sampan('image', 'rm', 'registry.example/made:1')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('registry.example/made:1'),
    })
    await start('missing', 'registry.example/made:1')
    await eventually('the reason', async () =>
      /^(ErrImagePull|ImagePullBackOff)$/.test(await statusOf('missing', 'state.waiting.reason')) ? true : undefined,
    )
    expect(await statusOf('missing', 'state.waiting.message')).toContain('registry.example/made:1')
    expect(await cluster.kubectl('get', 'events', '--field-selector', 'involvedObject.name=missing')).toContain(
      'Failed to pull image "registry.example/made:1"',
    )
    // The image comes back under the pod that waits for it.
    await sampan('image', 'tag', BUSYBOX, 'registry.example/made:1')
    await ready('missing')
  })
})
