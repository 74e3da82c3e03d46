import { expect, it } from 'vitest'
import { archivePrefix, parseFileSpec, placeOf } from './file-spec.ts'

it.each([
  ['/tmp/a', { namespace: '', pod: '', file: '/tmp/a' }],
  ['web:/tmp/a', { namespace: '', pod: 'web', file: '/tmp/a' }],
  ['ns/web:a:b', { namespace: 'ns', pod: 'web', file: 'a:b' }],
])('%s is read', (text, spec) => expect(parseFileSpec(text)).toEqual(spec))

it.each([':/tmp/a', 'a/b/c:/x'])('%s is refused', (text) => {
  expect(() => parseFileSpec(text)).toThrow('filespec must match the canonical format')
})

it('entries go below the destination, and nowhere else', () => {
  expect(archivePrefix('/tmp/dir/')).toBe('tmp/dir')
  expect(archivePrefix('../../etc')).toBe('etc')
  expect(placeOf('tmp/dir', 'tmp/dir', 'out')).toBe('out')
  expect(placeOf('tmp/dir/a/b', 'tmp/dir', 'out/')).toBe('out/a/b')
  expect(placeOf('tmp/dir/../../../etc/passwd', 'tmp', 'out')).toBe(undefined)
  expect(() => placeOf('etc/passwd', 'tmp/dir', 'out')).toThrow('tar contents corrupted')
})
