import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isImageName } from './image-name.ts'
import { parseIngressRule } from './ingress.ts'
import { configMapData, readSources } from './key-values.ts'
import { contentHash } from './name-hash.ts'
import { quantities } from './policies.ts'
import { parsePortPair } from './services.ts'
import { containerName } from './workloads.ts'

it.each([
  ['nginx', true],
  ['nginx:1.25', true],
  ['gcr.io/x/y:v1', true],
  ['localhost:5000/a/b@sha256:0123456789012345678901234567890123456789012345678901234567890123', true],
  ['Nginx', false],
  ['a//b', false],
  ['a b', false],
  ['nginx:', false],
  ['-x', false],
])('%s names an image: %s', (text, valid) => expect(isImageName(text)).toBe(valid))

it.each([
  ['nginx', ['nginx'], 0, 'nginx'],
  ['docker.io/library/my_app:1', ['docker.io/library/my_app:1'], 0, 'my-app'],
  ['a/x:2', ['a/x:1', 'a/x:2'], 1, 'x-2'],
])('a container of %s is called by its image', (image, all, place, name) => {
  expect(containerName(image, all, place)).toBe(name)
})

it('reads port pairs', () => {
  expect(parsePortPair('80:8080')).toEqual({ name: '80-8080', port: 80, protocol: 'TCP', targetPort: 8080 })
  expect(parsePortPair('80')).toEqual({ name: '80', port: 80, protocol: 'TCP', targetPort: 80 })
  expect(parsePortPair('80:web').targetPort).toBe('web')
  expect(() => parsePortPair('x')).toThrow('invalid syntax')
})

it('reads rules of ingresses', () => {
  expect(parseIngressRule('foo.com/bar*=svc:8080,tls=my')).toMatchObject({
    host: 'foo.com',
    path: { path: '/bar', pathType: 'Prefix', backend: { service: { name: 'svc', port: { number: 8080 } } } },
    secret: 'my',
  })
  expect(parseIngressRule('/=svc:http').path).toMatchObject({ pathType: 'Exact' })
  expect(() => parseIngressRule('x')).toThrow('rule x is invalid')
})

it('reads quantities', () => {
  expect(quantities('cpu=1,memory=1Gi')).toEqual({ cpu: '1', memory: '1Gi' })
  expect(() => quantities('cpu')).toThrow('Invalid argument syntax cpu, expected <resource>=<value>')
})

it('hashes content as kustomize does', () => {
  expect(contentHash({ kind: 'ConfigMap', metadata: { name: 'm1' }, data: { a: 'b' } })).toBe('kg86fdfhdg')
  const secret = { kind: 'Secret', metadata: { name: 's1' }, type: 'Opaque', data: { a: 'Yg==' } }
  expect(contentHash({ ...secret, type: '' })).toBe('6c2f4hf6dh')
})

describe('keys and values', () => {
  let dir: string
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'key-values-'))
    writeFileSync(join(dir, 'a.txt'), 'text')
    writeFileSync(join(dir, 'b.bin'), Buffer.of(0xff, 0xfe))
    writeFileSync(join(dir, 'vars'), '# comment\nA=1\nHOME_IS\nB=x=y\n')
  })
  afterAll(() => rmSync(dir, { recursive: true }))
  const read = (sources: { files?: string[]; literals?: string[]; envFiles?: string[] }) =>
    configMapData(
      readSources({ files: [], literals: [], envFiles: [], ...sources }, { cwd: dir, env: { HOME_IS: 'h' } }),
    )

  it('come from literals, files and folders', () => {
    expect(read({ literals: ['k=v=w'], files: ['x=a.txt', 'b.bin'] })).toEqual({
      data: { k: 'v=w', x: 'text' },
      binaryData: { 'b.bin': '//4=' },
    })
    expect(Object.keys(read({ files: ['.'] }).data ?? {})).toEqual(['a.txt', 'vars'])
  })
  it('come from files of variables', () => {
    expect(read({ envFiles: ['vars'] })).toEqual({ data: { A: '1', B: 'x=y', HOME_IS: 'h' } })
  })
  it('are refused twice, without a name and where there is nothing', () => {
    expect(() => read({ literals: ['a=1', 'a=2'] })).toThrow('another key by that name already exists')
    expect(() => read({ literals: ['a'] })).toThrow('invalid literal source a, expected key=value')
    expect(() => read({ files: ['nope'] })).toThrow('error reading nope: no such file or directory')
  })
})
