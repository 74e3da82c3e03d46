// Definitions of custom resources for tables of cases: a valid one, and ways to change it.

import { expect, it } from 'vitest'
import type { Answered, Call } from '../access-support.ts'

export const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

/** What upstream says of a name that is no label. */
export const LABEL =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"

// biome-ignore lint/suspicious/noExplicitAny: definitions that are wrong in every way there is
export type Json = any
export type Edit = (definition: Json) => void

/** A valid definition of boats in `group`, changed. */
export function boats(group: string, edit: Edit = () => {}): Json {
  const spec = { type: 'object', properties: { a: { type: 'string' } } }
  const openAPIV3Schema = { type: 'object', properties: { spec, status: { type: 'object' } } }
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `boats.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'boats', kind: 'Boat' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } }],
    },
  }
  edit(definition)
  return definition
}

/** Sets the schema of `spec`. */
export const specSchema =
  (schema: Json): Edit =>
  (definition) => {
    definition.spec.versions[0].schema.openAPIV3Schema.properties.spec = schema
  }
/** Sets the schema of `spec.a`. */
export const schemaOfA = (schema: Json): Edit => specSchema({ type: 'object', properties: { a: schema } })
/** Sets fields of the version. */
export const version =
  (more: object): Edit =>
  (definition) => {
    Object.assign(definition.spec.versions[0], more)
  }

/** The problems of an answer, as `field: message`. */
export const problemsOf = ({ body }: Answered): string[] =>
  (body.details?.causes ?? []).map((cause: Json) => `${cause.field}: ${cause.message}`)

/** What becomes of a definition with such a change: its problems, none when it is taken. */
export type DefinitionCase = readonly [rule: string, edit: Edit, problems: readonly string[]]

/** One test for each way in which a definition is wrong, or taken as it is. */
export function judged(call: Call, cases: readonly DefinitionCase[]): void {
  for (const [title, edit, problems] of cases) {
    it(`${title}: ${problems.length === 0 ? 'is taken' : 'is refused'}`, async () => {
      const definition = boats('a.example', edit)
      const answer = await call(CRDS, { body: definition })
      if (answer.code === 201) await call(`${CRDS}/${definition.metadata.name}`, { method: 'DELETE' })
      expect(problemsOf(answer)).toEqual(problems)
      expect(answer.code).toBe(problems.length === 0 ? 201 : 422)
    })
  }
}
