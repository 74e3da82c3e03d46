// The kustomization file: which fields it may have, and reading it.
// Spec: kustomize.config.k8s.io/v1beta1.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { KubectlError } from '../errors.ts'
import { isObject } from '../object.ts'
import { parseManifest } from '../resources/lenient.ts'

export interface GeneratorOptions {
  readonly labels?: Record<string, string>
  readonly annotations?: Record<string, string>
  readonly disableNameSuffixHash?: boolean
  readonly immutable?: boolean
}

export interface GeneratorArgs {
  readonly name: string
  readonly namespace?: string
  readonly behavior?: 'create' | 'merge' | 'replace'
  readonly type?: string
  readonly files?: readonly string[]
  readonly literals?: readonly string[]
  readonly envs?: readonly string[]
  readonly env?: string
  readonly options?: GeneratorOptions
}

export interface Selector {
  readonly group?: string
  readonly version?: string
  readonly kind?: string
  readonly name?: string
  readonly namespace?: string
  readonly labelSelector?: string
  readonly annotationSelector?: string
}

export interface PatchArgs {
  readonly path?: string
  readonly patch?: string
  readonly target?: Selector
}

export interface ImageArgs {
  readonly name: string
  readonly newName?: string
  readonly newTag?: string
  readonly tagSuffix?: string
  readonly digest?: string
}

export interface FieldOptions {
  readonly delimiter?: string
  readonly index?: number
  readonly create?: boolean
}

export interface ReplacementArgs {
  readonly path?: string
  readonly source?: Selector & { readonly fieldPath?: string; readonly options?: FieldOptions }
  readonly targets?: readonly {
    readonly select: Selector
    readonly reject?: readonly Selector[]
    readonly fieldPaths?: readonly string[]
    readonly options?: FieldOptions
  }[]
}

export interface Kustomization {
  readonly kind?: string
  readonly resources?: readonly string[]
  readonly bases?: readonly string[]
  readonly components?: readonly string[]
  readonly namePrefix?: string
  readonly nameSuffix?: string
  readonly namespace?: string
  readonly commonLabels?: Record<string, string>
  readonly labels?: readonly {
    readonly pairs?: Record<string, string>
    readonly includeSelectors?: boolean
    readonly includeTemplates?: boolean
  }[]
  readonly commonAnnotations?: Record<string, string>
  readonly images?: readonly ImageArgs[]
  readonly replicas?: readonly { readonly name: string; readonly count: number }[]
  readonly patches?: readonly PatchArgs[]
  readonly patchesStrategicMerge?: readonly string[]
  readonly patchesJson6902?: readonly PatchArgs[]
  readonly configMapGenerator?: readonly GeneratorArgs[]
  readonly secretGenerator?: readonly GeneratorArgs[]
  readonly generatorOptions?: GeneratorOptions
  readonly replacements?: readonly ReplacementArgs[]
}

const NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization']
const FIELDS = new Set([
  'apiVersion',
  'kind',
  'metadata',
  'resources',
  'bases',
  'components',
  'namePrefix',
  'nameSuffix',
  'namespace',
  'commonLabels',
  'labels',
  'commonAnnotations',
  'images',
  'replicas',
  'patches',
  'patchesStrategicMerge',
  'patchesJson6902',
  'configMapGenerator',
  'secretGenerator',
  'generatorOptions',
  'replacements',
])
// These exist, but are built by programs of their own or are there for charts.
const UNSUPPORTED = new Set([
  'buildMetadata',
  'configurations',
  'crds',
  'generators',
  'helmCharts',
  'helmGlobals',
  'inventory',
  'openapi',
  'sortOptions',
  'transformers',
  'validators',
  'vars',
])

/** Reads the kustomization of a folder. Throws KubectlError. */
export function readKustomization(dir: string): Kustomization {
  const found = NAMES.filter((name) => existsSync(join(dir, name)))
  const [name] = found
  if (name === undefined) {
    throw new KubectlError(
      `unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '${dir}'`,
    )
  }
  if (found.length > 1) throw new KubectlError(`Found multiple kustomization files: ${dir}\n`)
  const [document = {}] = parseManifest(readFileSync(join(dir, name), 'utf8'))
  if (!isObject(document)) throw new KubectlError(`invalid Kustomization: ${join(dir, name)} holds no object`)
  for (const field of Object.keys(document)) {
    if (UNSUPPORTED.has(field)) throw new KubectlError(`invalid Kustomization: field "${field}" is not supported`)
    if (!FIELDS.has(field)) throw new KubectlError(`invalid Kustomization: json: unknown field "${field}"`)
  }
  return document as Kustomization
}
