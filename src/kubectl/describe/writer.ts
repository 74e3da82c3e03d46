// Writes indented, tab-aligned description text.
// Model: PrefixWriter of k8s.io/kubectl/pkg/describe over text/tabwriter (minimal width 0, padding 2).

import { createTabWriter, type TabWriter } from '../printers/tab-writer.ts'

/** Indents by two spaces a level and aligns what stands between tabs. */
export interface PrefixWriter {
  /** Writes text at a level; nothing is added at its end. */
  write(level: number, text: string): void
  /** Writes one line at a level. */
  line(level: number, text: string): void
  /** Ends a line that was begun, without indentation. */
  rest(text: string): void
  /** What follows is aligned on its own. */
  flush(): void
  /** A writer whose level 0 is this one's `indent`. */
  nested(indent: number): PrefixWriter
}

/** A writer and the text it has written. */
export function createPrefixWriter(): { writer: PrefixWriter; text: () => string } {
  const tabs = createTabWriter({ minWidth: 0, padding: 2, remember: false })
  const done: string[] = []
  const flush = () => void done.push(tabs.flush())
  return {
    writer: levelled(tabs, flush, 0),
    text: () => {
      flush()
      return done.join('')
    },
  }
}

function levelled(tabs: TabWriter, flush: () => void, indent: number): PrefixWriter {
  const write = (level: number, text: string) => tabs.write(escapeTerminal('  '.repeat(level + indent) + text))
  return {
    write,
    line: (level, text) => write(level, `${text}\n`),
    rest: (text) => tabs.write(escapeTerminal(`${'  '.repeat(indent)}${text}\n`)),
    flush,
    nested: (more) => levelled(tabs, flush, indent + more),
  }
}

/** Keeps text from the cluster from steering the terminal. */
function escapeTerminal(text: string): string {
  return text.replaceAll('\u001b', '^[').replaceAll('\r', '\\r')
}
