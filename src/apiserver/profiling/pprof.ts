// Profiles in the form that `go tool pprof` reads. Spec: https://github.com/google/pprof/blob/main/proto/profile.proto

import { gzipSync } from 'node:zlib'
import { WireWriter } from '../../machinery/protobuf/wire.ts'

/** A function as it was called from a place. */
export interface Frame {
  readonly name: string
  readonly file: string
  /** From 1. */
  readonly line: number
}

/** What was measured at one stack, the innermost frame first. */
export interface Sample {
  readonly stack: readonly Frame[]
  readonly values: readonly number[]
}

export interface Profile {
  /** What the values are, with their units: `[['cpu', 'nanoseconds']]`. */
  readonly types: readonly (readonly [type: string, unit: string])[]
  readonly samples: readonly Sample[]
  readonly timeMs: number
  readonly durationMs: number
  /** Which of the types is shown unless another one is asked for; absent: the last one. */
  readonly defaultType?: string
  readonly period: { readonly type: readonly [type: string, unit: string]; readonly value: number }
}

/** Encodes and compresses a profile. */
export function encodePprof(profile: Profile): Buffer {
  const texts = new Map<string, number>([['', 0]])
  const text = (value: string) => idOf(texts, value, texts.size)
  const locations = new Map<string, number>()
  const functions = new Map<string, number>()
  const tables: WireWriter = new WireWriter()
  const locationOf = (frame: Frame): number => {
    const key = JSON.stringify([frame.name, frame.file, frame.line])
    const known = locations.get(key)
    if (known !== undefined) return known
    const functionKey = JSON.stringify([frame.name, frame.file])
    let functionId = functions.get(functionKey)
    if (functionId === undefined) {
      functionId = functions.size + 1
      functions.set(functionKey, functionId)
      tables.bytesField(5, functionMessage(functionId, text(frame.name), text(frame.file)))
    }
    const id = locations.size + 1
    locations.set(key, id)
    tables.bytesField(4, locationMessage(id, functionId, frame.line))
    return id
  }
  const out = new WireWriter()
  const valueType = ([type, unit]: readonly [string, string]) => pair(text(type), text(unit))
  for (const type of profile.types) out.bytesField(1, valueType(type))
  for (const { stack, values } of profile.samples) {
    const sample = new WireWriter()
    for (const frame of stack) sample.varintField(1, locationOf(frame))
    for (const value of values) sample.varintField(2, Math.round(value))
    out.bytesField(2, sample.finish())
  }
  out.varintField(9, BigInt(Math.round(profile.timeMs)) * 1_000_000n)
  out.varintField(10, Math.round(profile.durationMs * 1e6))
  out.bytesField(11, valueType(profile.period.type))
  out.varintField(12, Math.round(profile.period.value))
  if (profile.defaultType !== undefined) out.varintField(14, text(profile.defaultType))
  const strings = new WireWriter()
  for (const value of texts.keys()) strings.bytesField(6, value)
  return gzipSync(Buffer.concat([out.finish(), tables.finish(), strings.finish()]))
}

function idOf(ids: Map<string, number>, key: string, next: number): number {
  const known = ids.get(key)
  if (known !== undefined) return known
  ids.set(key, next)
  return next
}

function pair(first: number, second: number): Buffer {
  const message = new WireWriter()
  message.varintField(1, first)
  message.varintField(2, second)
  return message.finish()
}

function functionMessage(id: number, name: number, file: number): Buffer {
  const message = new WireWriter()
  message.varintField(1, id)
  message.varintField(2, name)
  message.varintField(3, name)
  message.varintField(4, file)
  return message.finish()
}

function locationMessage(id: number, functionId: number, line: number): Buffer {
  const message = new WireWriter()
  message.varintField(1, id)
  message.bytesField(4, pair(functionId, line))
  return message.finish()
}
