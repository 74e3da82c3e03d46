import { expect, it } from 'vitest'
import { alignRows, createTabWriter } from './tab-writer.ts'

it('pads cells to the widest and three more, at least six, and leaves the last one alone', () => {
  const rows = [
    ['NAME', 'A', 'AGE'],
    ['web-1234', 'x', '3s'],
  ]
  expect(alignRows(rows)).toBe('NAME       A     AGE\nweb-1234   x     3s\n')
})

it('aligns each run of lines that have a column on its own', () => {
  expect(alignRows([['aaaaaaaaaa', 'b'], ['only'], ['c', 'd']])).toBe('aaaaaaaaaa   b\nonly\nc     d\n')
})

it('counts characters, not bytes', () => {
  expect(
    alignRows([
      ['ünïcödé', 'x'],
      ['y', 'z'],
    ]),
  ).toBe('ünïcödé   x\ny         z\n')
})

it('remembers widths between flushes until told to forget them', () => {
  const writer = createTabWriter()
  writer.write('a-long-name\tx\n')
  expect(writer.flush()).toBe('a-long-name   x\n')
  writer.write('b\ty\n')
  expect(writer.flush()).toBe('b             y\n')
  writer.forgetWidths()
  writer.write('b\ty\n')
  expect(writer.flush()).toBe('b     y\n')
})

it('writes nothing when nothing was written', () => {
  expect(createTabWriter().flush()).toBe('')
})
