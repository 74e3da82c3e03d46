// Kustomizations: not built by this client; says so.

import { KubectlError } from '../errors.ts'
import type { KubeObject } from '../object.ts'

/** The objects of a kustomization. */
export function buildKustomization(dir: string): KubeObject[] {
  throw new KubectlError(`cannot build kustomization ${JSON.stringify(dir)}: kustomize is not part of this client`)
}
