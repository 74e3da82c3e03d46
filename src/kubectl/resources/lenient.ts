// Reads manifests: streams of YAML documents, or of JSON values one after the other.

import { parseYaml, parseYamlStream } from '../../machinery/yaml.ts'
import { parseLenientJson } from '../retired/lenient-json.ts'

/** Every document of a file. JSON that only YAML understands (comments, trailing commas) is read too. */
export function parseManifest(text: string): unknown[] {
  if (!/^\s*[{[]/.test(text)) return parseYamlStream(text)
  return splitJson(text).map((piece) => {
    try {
      return JSON.parse(piece)
    } catch {
      return parseAlmostJson(piece)
    }
  })
}

/** JSON with comments and trailing commas is YAML; what is neither may still be what a text prints. */
function parseAlmostJson(text: string): unknown {
  try {
    return parseYaml(text)
  } catch (error) {
    try {
      return parseLenientJson(text)
    } catch {
      // What YAML says of it is what kubectl says.
      throw error
    }
  }
}

/** Cuts `{…}{…}` into its values; what cannot be cut comes back whole. */
export function splitJson(text: string): string[] {
  const pieces: string[] = []
  let depth = 0
  let start = -1
  for (let i = 0; i < text.length; i++) {
    const c = text[i]
    if (c === '"') {
      i = endOfString(text, i)
      continue
    }
    if (c === '#' && (i === 0 || /\s/.test(text[i - 1] ?? ''))) {
      i = endOfLine(text, i)
      continue
    }
    if (c === '{' || c === '[') {
      if (depth++ === 0) start = i
    } else if ((c === '}' || c === ']') && --depth === 0) {
      pieces.push(text.slice(start, i + 1))
      start = i + 1
    } else if (depth === 0 && c !== undefined && !/[\s,]/.test(c) && pieces.length > 0 && !text.startsWith('---', i)) {
      return [text]
    } else if (depth === 0 && text.startsWith('---', i)) i += 2
  }
  return depth === 0 ? pieces : [text]
}

function endOfString(text: string, from: number): number {
  for (let i = from + 1; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === '"') return i
  }
  return text.length
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end < 0 ? text.length : end
}
