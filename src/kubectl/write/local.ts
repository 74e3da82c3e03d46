// Objects of files without asking a server: for --local.

import type { KubectlContext } from '../command.ts'
import type { Mapping } from '../discovery/mapper.ts'
import { groupOf, type KubeObject } from '../object.ts'
import type { ResourceResult } from '../resources/builder.ts'
import { type FilenameOptions, readManifests } from '../resources/manifests.ts'

/** Reads the files; what a server would know of the kinds is guessed, and good for nothing but names. */
export async function localResources(ctx: KubectlContext, files: FilenameOptions): Promise<ResourceResult> {
  const { documents, single } = await readManifests(files, ctx)
  return {
    infos: documents.flatMap((document) => {
      if ('error' in document) return []
      const { object, source } = document
      const { name = '', namespace = '' } = object.metadata ?? {}
      return [{ mapping: localMapping(object), name, namespace, source, object }]
    }),
    errors: documents.flatMap((document) => ('error' in document ? [document.error] : [])),
    singleItemImplied: single,
  }
}

function localMapping({ apiVersion = '', kind = '' }: KubeObject): Mapping {
  return {
    group: groupOf(apiVersion),
    version: apiVersion.split('/').at(-1) ?? '',
    kind,
    name: `${kind.toLowerCase()}s`,
    singular: kind.toLowerCase(),
    shortNames: [],
    categories: [],
    namespaced: true,
    verbs: [],
    subresources: [],
  }
}
