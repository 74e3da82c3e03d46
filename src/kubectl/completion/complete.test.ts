import { describe, expect, it } from 'vitest'
import type { Flag } from '../flags.ts'
import {
  type CompletableCommand,
  type CompletableEntry,
  complete,
  completionLines,
  Directive,
  directiveText,
  type Question,
} from './complete.ts'

const output: Flag = { name: 'output', short: 'o', type: 'string', description: 'Output format' }
const wide: Flag = { name: 'wide', type: 'boolean', description: 'More' }
const label: Flag = { name: 'label', type: 'strings', description: 'A label' }
const globals: readonly Flag[] = [{ name: 'namespace', short: 'n', type: 'string', description: 'Where' }]

const entry = (command: CompletableCommand): CompletableEntry => ({
  name: command.name,
  short: command.short,
  ...(command.hidden ? { hidden: true } : {}),
  load: async () => command,
})

const entries = [
  entry({ name: 'get', short: 'Show', flags: [output, wide, label] }),
  entry({ name: 'old', short: 'Gone', hidden: true, flags: [] }),
  entry({ name: 'scale', short: 'Grow', flags: [output], required: ['output'] }),
  entry({ name: 'shell', short: 'Script', flags: [], words: ['bash', 'zsh'] }),
  entry({
    name: 'roll',
    short: 'Roll',
    flags: [wide],
    children: [entry({ name: 'undo', short: 'Back', flags: [] }), entry({ name: 'status', short: 'How', flags: [] })],
  }),
]

async function at(line: string) {
  const asked: Question[] = []
  const completed = await complete({
    words: line.split(' '),
    entries,
    globals,
    answer: async (question) => {
      asked.push(question)
      return { candidates: [{ value: 'answer' }], directive: Directive.NoFileComp }
    },
  })
  return { values: completed.candidates.map(({ value }) => value), completed, asked }
}

describe('commands and flags', () => {
  it.each([
    ['g', ['get', 'answer']],
    ['', ['get', 'help', 'roll', 'scale', 'shell', 'answer']],
    ['roll ', ['status', 'undo', 'answer']],
    ['-n x roll s', ['status', 'answer']],
    ['roll --wide ', ['answer']],
    ['get --', ['--namespace', '--help', '--label', '--output', '--wide']],
    ['get --wide --w', []],
    ['get --label a=b --la', ['--label']],
    ['scale ', ['--output', 'answer']],
    ['scale --', ['--output']],
    ['shell ', ['bash', 'zsh']],
    ['shell bash ', []],
    ['help r', ['roll']],
    ['help roll ', ['status', 'undo']],
    ['get --help ', []],
    ['nope ', []],
    ['get --nope ', []],
  ])('%j', async (line, values) => {
    expect((await at(line)).values).toEqual(values)
  })
})

describe('what is asked for', () => {
  it.each([
    ['get a b', { path: ['get'], args: ['a'], prefix: 'b' }],
    ['get -o j', { path: ['get'], flag: output, args: [], prefix: 'j' }],
    ['get x --output=j', { path: ['get'], flag: output, args: ['x'], prefix: 'j' }],
    ['get --wide j', { path: ['get'], args: [], prefix: 'j' }],
    ['get -n ku', { path: ['get'], flag: globals[0], prefix: 'ku' }],
    ['get -- -o', { path: ['get'], args: [], prefix: '-o' }],
  ])('%j', async (line, question) => {
    const { asked } = await at(line)
    expect(asked).toEqual([expect.objectContaining(question)])
    expect('flag' in (asked[0] ?? {})).toBe('flag' in question)
  })
})

it('is printed with and without descriptions', async () => {
  const { completed } = await at('roll un')
  expect(completionLines(completed, true)).toBe('undo\tBack\nanswer\n:4\n')
  expect(completionLines(completed, false)).toBe('undo\nanswer\n:4\n')
  expect(directiveText(completed)).toBe('Completion ended with directive: ShellCompDirectiveNoFileComp\n')
  expect(directiveText((await at('nope ')).completed)).toContain('unable to find a command for arguments: [nope]')
})
