// What a conversion learns on the way: the names of today for what the old manifest said.

export type Json = Record<string, unknown>

/** Collects what the user should write today. */
export interface Notes {
  /** A field has another name now. */
  moved(old: string, now: string): void
  /** Something the manifest said has no meaning any more, or another one. */
  say(text: string): void
}

export function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value as a record; empty when it is none. */
export function record(value: unknown): Json {
  return isRecord(value) ? value : {}
}

/** The records of a list. */
export function records(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isRecord) : []
}

/** The object without what is absent. */
export function defined(object: Json): Json {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))
}

/** Whether there is anything in it. */
export function filled(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return false
  return !isRecord(value) || Object.keys(value).length > 0
}

/** Renames a field of `object` where it is there. */
export function rename(object: Json, old: string, now: string, notes: Notes): Json {
  if (!(old in object)) return object
  const { [old]: value, ...rest } = object
  notes.moved(old, now)
  return now in rest ? rest : { ...rest, [now]: value }
}
