import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { buildKustomization } from './build.ts'
import { splitPath } from './replacements.ts'
import { newImage } from './transform.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'kustomize-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

function write(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true })
    writeFileSync(join(dir, name), text)
  }
}

const DEPLOYMENT = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers: [{name: c, image: "nginx:1", envFrom: [{configMapRef: {name: cfg}}]}]
`

describe('kustomizations', () => {
  it('name generated objects by their content, and everything that refers to them', async () => {
    write({
      'base/kustomization.yaml': 'resources: [web.yaml]\nconfigMapGenerator: [{name: cfg, literals: [a=b]}]\n',
      'base/web.yaml': DEPLOYMENT,
      'over/kustomization.yaml': `
resources: [../base]
namePrefix: p-
nameSuffix: -s
commonLabels: {team: x}
commonAnnotations: {note: hi}
configMapGenerator: [{name: cfg, behavior: merge, literals: [c=d]}]
images: [{name: nginx, newTag: "2"}]
replicas: [{name: web, count: 3}]
patches:
- patch: |-
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec: {template: {spec: {containers: [{name: c, env: [{name: A, value: b}]}]}}}
- target: {kind: Deployment}
  patch: '[{"op": "add", "path": "/spec/paused", "value": true}]'
`,
    })
    const [config, web] = await buildKustomization(join(dir, 'over'), {})
    expect(config).toMatchObject({ data: { a: 'b', c: 'd' }, metadata: { name: 'p-cfg-s-fh478f99mk' } })
    expect(web).toMatchObject({
      metadata: { name: 'p-web-s', labels: { team: 'x' }, annotations: { note: 'hi' } },
      spec: {
        replicas: 3,
        paused: true,
        selector: { matchLabels: { team: 'x' } },
        template: {
          spec: {
            containers: [
              {
                name: 'c',
                image: 'nginx:2',
                env: [{ name: 'A', value: 'b' }],
                envFrom: [{ configMapRef: { name: 'p-cfg-s-fh478f99mk' } }],
              },
            ],
          },
        },
      },
    })
  })

  it.each([
    ['nope: 1\n', 'invalid Kustomization: json: unknown field "nope"'],
    ['helmCharts: []\n', 'field "helmCharts" is not supported'],
    ['resources: [../outside.yaml]\n', 'security; file'],
    ['resources: [gone.yaml]\n', 'no such file or directory'],
    ['resources: [../k]\n', 'cycle detected'],
    ['patches: [{patch: "{kind: A, apiVersion: v1, metadata: {name: a}}"}]\n', 'no resource matches'],
  ])('%j is refused', async (text, message) => {
    write({ 'k/kustomization.yaml': text, 'outside.yaml': DEPLOYMENT })
    await expect(buildKustomization(join(dir, 'k'), {})).rejects.toThrow(message)
  })
})

it.each([
  ['nginx:1', { name: 'nginx', newTag: '2' }, 'nginx:2'],
  ['nginx', { name: 'nginx', newName: 'r:5000/x' }, 'r:5000/x'],
  ['r:5000/nginx:1', { name: 'r:5000/nginx', newTag: '2' }, 'r:5000/nginx:2'],
  ['nginx:1', { name: 'nginx', digest: 'sha256:1' }, 'nginx@sha256:1'],
  ['nginxx:1', { name: 'nginx', newTag: '2' }, 'nginxx:1'],
])('image %s by %j', (image, args, expected) => expect(newImage(image, args)).toBe(expected))

it('paths have their steps', () => {
  expect(splitPath('a.b\\.c.[name=x.y].0')).toEqual(['a', 'b.c', '[name=x.y]', '0'])
})
