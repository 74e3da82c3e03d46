// Truth values as Go's strconv reads them.

const TRUE = ['1', 't', 'T', 'TRUE', 'true', 'True']
const FALSE = ['0', 'f', 'F', 'FALSE', 'false', 'False']

/** The value, or the error in Go's words. */
export function parseGoBool(text: string): boolean | string {
  if (TRUE.includes(text)) return true
  if (FALSE.includes(text)) return false
  return `strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`
}
