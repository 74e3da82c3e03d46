// What kubectl says when a template does not fit the object it prints.

import { formatGoSyntax, formatValue, quote } from '../../machinery/go/format.ts'
import { marshalJson } from './go-json.ts'

/** The text of the error for a JSONPath template that failed with `message` on `data`. */
export function jsonPathFailure(failure: { template: string; message: string; data: unknown }): string {
  const { template, message, data } = failure
  return (
    `error executing jsonpath ${quote(template)}: ` +
    `Error executing template: ${message}. Printing more information for debugging the template:\n` +
    `\ttemplate was:\n\t\t${template}\n` +
    `\tobject given to jsonpath engine was:\n\t\t${formatGoSyntax(data)}\n\n\n`
  )
}

/** What goes to the output (after what the template wrote) and the text of the error for a failed Go template. */
export function goTemplateFailure(failure: { template: string; message: string; data: unknown }): {
  output: string
  error: string
} {
  const { template, message, data } = failure
  const output =
    `Error executing template: ${message}. Printing more information for debugging the template:\n` +
    `\ttemplate was:\n\t\t${template}\n` +
    `\traw data was:\n\t\t${marshalJson(data)}\n` +
    `\tobject given to template engine was:\n\t\t${formatValue(data)}\n\n`
  return { output, error: `error executing template ${quote(template)}: ${message}` }
}
