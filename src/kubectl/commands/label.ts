// kubectl label: sets and removes labels.
// Model: k8s.io/kubectl/pkg/cmd/label/label.go.

import { labelValueProblem } from '../../machinery/names.ts'
import type { KubectlCommand } from '../command.ts'
import { Failures, KubectlError, throwCollected } from '../errors.ts'
import { type Changes, changeMetadata, type MetadataMap, metadataFlags } from './annotations.ts'

/** Reads `KEY=VALUE` and `KEY-`. Throws KubectlError. */
export function parseLabelChanges(words: readonly string[]): Changes {
  const set: Record<string, string> = {}
  const remove: string[] = []
  for (const word of words) {
    if (word.includes('=')) {
      const [key = '', value = '', ...more] = word.split('=')
      if (more.length > 0) throw new KubectlError(`invalid label spec: ${word}`)
      const problem = labelValueProblem(value)
      if (problem !== undefined) throw new KubectlError(`invalid label value: ${JSON.stringify(word)}: ${problem}`)
      set[key] = value
    } else if (word.endsWith('-')) remove.push(word.slice(0, -1))
    else throw new KubectlError(`unknown label spec: ${word}`)
  }
  if (remove.some((key) => key in set)) {
    throw new KubectlError('can not both modify and remove a label in the same command')
  }
  return { set, remove }
}

const labels: MetadataMap = {
  field: 'labels',
  what: 'label',
  example: ['pod.yaml', 'pod.json'],
  parse: parseLabelChanges,
  refuseOverwriting(current, { set }) {
    const errors = Object.entries(set)
      .filter(([key, value]) => key in current && current[key] !== value)
      .map(([key]) => new KubectlError(`'${key}' already has a value (${current[key]}), and --overwrite is false`))
    if (errors.length > 1) throw new KubectlError(`[${new Failures(errors).message}]`)
    throwCollected(errors)
  },
  operation({ added, removed }) {
    if (added.length > 0) return removed.length > 0 ? 'modified' : 'labeled'
    return removed.length > 0 ? 'unlabeled' : 'not labeled'
  },
  sayMissing: (key) => `label ${JSON.stringify(key)} not found.\n`,
}

export const label: KubectlCommand = {
  name: 'label',
  usage: '[--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N [--resource-version=version] [options]',
  short: 'Update the labels on a resource',
  examples: `# Update pod 'foo' with the label 'unhealthy' and the value 'true'
kubectl label pods foo unhealthy=true

# Update pod 'foo' by removing a label named 'bar' if it exists
kubectl label pods foo bar-`,
  flags: metadataFlags('label', 'labels'),
  run: (invocation, ctx) => changeMetadata(invocation, ctx, labels),
}
