// The order in which several default classes are preferred.

interface Named {
  readonly metadata: { readonly name: string; readonly creationTimestamp: string }
}

/** The newest first, and of equally old ones the first by name. */
export function newestFirst({ metadata: a }: Named, { metadata: b }: Named): number {
  return b.creationTimestamp.localeCompare(a.creationTimestamp) || (a.name < b.name ? -1 : 1)
}
