// Go templates for `-o go-template`: text/template with kubectl's two extra functions.
// Spec: https://pkg.go.dev/text/template

import { FUNCTIONS } from './go-template-functions.ts'
import { OWN_FUNCTIONS, runTemplate } from './go-template-interpreter.ts'
import { parseTemplate } from './go-template-parser.ts'

export { TemplateRunError } from './go-template-interpreter.ts'
export { TemplateSyntaxError } from './go-template-parser.ts'

/** The name kubectl gives its template; it stands in error messages. */
const NAME = 'output'

const NAMES: ReadonlySet<string> = new Set([...Object.keys(FUNCTIONS), ...OWN_FUNCTIONS])

/**
 * Reads a template once (throws TemplateSyntaxError); the function it returns runs it over data
 * (throws TemplateRunError, which carries what was written until then).
 */
export function parseGoTemplate(text: string): (data: unknown) => string {
  const templates = parseTemplate(NAME, text, NAMES)
  return (data) => runTemplate({ name: NAME, text, templates, data })
}
