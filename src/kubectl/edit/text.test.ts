import { expect, it } from 'vitest'
import { editText, withoutComments } from './text.ts'

it('what was wrong stands above what is edited, and comes off again', () => {
  const text = editText('a: 1\n', [{ title: 'pods "x" was not valid:', causes: ['spec: bad'] }])
  expect(text.split('\n').slice(4)).toEqual(['# pods "x" was not valid:', '# * spec: bad', '#', 'a: 1', ''])
  expect(withoutComments(text)).toBe('a: 1\n')
})
