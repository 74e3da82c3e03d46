// Several errors in one text. Model: k8s.io/apimachinery/pkg/util/errors.NewAggregate.

/** One message as it is; several, each once, in brackets. */
export function aggregated(messages: readonly string[]): string {
  const distinct = [...new Set(messages)]
  return distinct.length === 1 ? (distinct[0] ?? '') : `[${distinct.join(', ')}]`
}
