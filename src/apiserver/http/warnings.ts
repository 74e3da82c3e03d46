// Warnings of one answer: each once, as Warning headers, of a bounded length in all.
// Model: pkg/endpoints/filters/warning.go of k8s.io/apiserver. Spec: RFC 7234, section 5.5.

import type { Response } from './exchange.ts'

const MAX_TOTAL = 4 * 1024
/** How long each may be as soon as all together are too long. */
const MAX_ITEM = 256

/** Gives what takes the warnings of an answer. Lengths are in characters. */
export function warningsOf(response: Response): (message: string) => void {
  // Most answers come without any.
  let known: Set<string> | undefined
  let headers: string[] = []
  let written = 0
  let truncating = false
  const add = (message: string) => {
    const characters = [...message]
    const text = truncating ? characters.slice(0, MAX_ITEM) : characters
    written += text.length
    headers.push(warningHeader(text.join('')))
  }
  return (message) => {
    known ??= new Set()
    if (message === '' || known.has(message) || (truncating && written >= MAX_TOTAL)) return
    known.add(message)
    if (truncating || written + message.length <= MAX_TOTAL) add(message)
    else {
      truncating = true
      written = 0
      headers = []
      for (const earlier of known) add(earlier)
    }
    response.setHeader('warning', headers)
  }
}

/** `299 - "text"`. Headers are bytes: those of UTF-8, each as a character of its own. */
function warningHeader(message: string): string {
  const text = message.replace(/\p{Cc}/gu, ' ').replace(/["\\]/g, '\\$&')
  return `299 - "${Buffer.from(text).toString('latin1')}"`
}
