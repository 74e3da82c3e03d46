// Every kind of the API with every field filled goes to protobuf and back unchanged.

import { describe, expect, it } from 'vitest'
import { types } from '../../api/schema.ts'
import { filledObject } from '../testing-filler.ts'
import { decodeProtobuf, encodeProtobuf, protobufTypeOf } from './codec.ts'

/** The machinery's kinds are registered for every group; a group has none of its own. */
const SHARED = /^io\.k8s\.apimachinery\.pkg\.(apis\.meta\.v1|version)\./

const kinds = Object.entries(types)
  .filter(([ref]) => !SHARED.test(ref))
  .flatMap(([ref, { gvk = [] }]) => gvk.map((name) => ({ ref, name })))

describe('protobuf and back', () => {
  it.each(kinds)('$name', ({ ref, name }) => {
    const parts = name.split('/')
    const kind = parts.at(-1) ?? ''
    const apiVersion = parts.slice(0, -1).join('/')
    expect(protobufTypeOf(apiVersion, kind)).toBe(ref)
    const object = { kind, apiVersion, ...filledObject(ref) }
    expect(decodeProtobuf(encodeProtobuf(ref, object))).toEqual(object)
  })

  it('covers all kinds that there are', () => {
    expect(kinds.length).toBeGreaterThan(250)
  })
})
