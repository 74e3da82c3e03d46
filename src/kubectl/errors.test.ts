import { expect, it } from 'vitest'
import { StatusError } from '../machinery/errors.ts'
import { ConfigurationError, ConnectionError, ExitError, Failures, KubectlError, report, withSource } from './errors.ts'

const status = (reason: string, message: string, details?: object) =>
  new StatusError({ reason, message, code: 400, ...(details ? { details } : {}) } as never)

it.each([
  [new KubectlError('no'), 'error: no\n', 1],
  [new KubectlError('no\n'), 'error: no\n', 1],
  [new KubectlError('error: no'), 'error: no\n', 1],
  [new ExitError(3, 'bye\n'), 'bye\n', 3],
  [new ConfigurationError('bad'), 'Error in configuration: bad\n', 1],
  [status('NotFound', 'pods "x" not found'), 'Error from server (NotFound): pods "x" not found\n', 1],
  [status('', 'odd'), 'Error from server: odd\n', 1],
  [status('Unauthorized', 'Unauthorized'), 'error: You must be logged in to the server (Unauthorized)\n', 1],
  [
    status('Invalid', 'x', { kind: 'Pod', name: 'p', causes: [{ field: 'spec', message: 'Required' }] }),
    'The Pod "p" is invalid: spec: Required\n',
    1,
  ],
  [
    status('Invalid', 'x', {
      kind: 'Pod',
      name: 'p',
      causes: [
        { field: 'a', message: '1' },
        { field: 'b', message: '2' },
        { field: 'b', message: '2' },
      ],
    }),
    'The Pod "p" is invalid: \n* a: 1\n* b: 2\n',
    1,
  ],
  [new ConnectionError({ host: 'h', refused: false, message: 'EOF' }), 'Unable to connect to the server: EOF\n', 1],
  [new Failures([new KubectlError('one'), status('NotFound', 'two')]), 'one\nError from server (NotFound): two\n', 1],
])('explains %s', (error, text, code) => {
  expect(report(error)).toEqual({ text, code })
})

it('says which file was at work', () => {
  const error = withSource('creating', 'a.yaml', status('AlreadyExists', 'exists'))
  expect(report(error).text).toBe('Error from server (AlreadyExists): error when creating "a.yaml": exists\n')
  expect(report(withSource('creating', 'a.yaml', new KubectlError('no'))).text).toBe(
    'error: error when creating "a.yaml": no\n',
  )
})
