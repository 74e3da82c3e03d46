// kubectl annotate: sets and removes annotations.
// Model: k8s.io/kubectl/pkg/cmd/annotate/annotate.go.

import type { KubectlCommand } from '../command.ts'
import { KubectlError } from '../errors.ts'
import { parsePairs } from '../write/pairs.ts'
import { type Changes, changeMetadata, type MetadataMap, metadataFlags } from './annotations.ts'

const CHANGE_CAUSE = 'kubernetes.io/change-cause'

/** Reads `KEY=VALUE` and `KEY-`. Throws KubectlError. */
export function parseAnnotationChanges(words: readonly string[]): Changes {
  const changes = parsePairs(words, 'annotation', { removable: true })
  const both = changes.remove.filter((key) => key in changes.set)
  if (both.length > 0) {
    throw new KubectlError(
      `can not both modify and remove the following annotation(s) in the same command: ${both.join(', ')}`,
    )
  }
  return changes
}

const annotations: MetadataMap = {
  field: 'annotations',
  what: 'annotation',
  example: ['rsrc.yaml', 'rsrc.json'],
  parse: parseAnnotationChanges,
  refuseOverwriting(current, { set }) {
    const taken = Object.entries(set)
      .filter(([key, value]) => key !== CHANGE_CAUSE && key in current && current[key] !== value)
      .map(([key]) => `'${key}' already has a value (${current[key]})`)
    if (taken.length === 0) return
    throw new KubectlError(`--overwrite is false but found the following declared annotation(s): ${taken.join('; ')}`)
  },
  operation: () => 'annotated',
  sayMissing: () => undefined,
}

export const annotate: KubectlCommand = {
  name: 'annotate',
  usage: '[--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N [--resource-version=version] [options]',
  short: 'Update the annotations on a resource',
  examples: `# Update pod 'foo' with the annotation 'description' and the value 'my frontend'
kubectl annotate pods foo description='my frontend'

# Update pod 'foo' by removing an annotation named 'description' if it exists
kubectl annotate pods foo description-`,
  flags: metadataFlags('annotate', 'annotations'),
  run: (invocation, ctx) => changeMetadata(invocation, ctx, annotations),
}
