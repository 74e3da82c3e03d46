// The flags of sampan's own commands are read as kubectl's are.

export { type Flag, type ParsedFlags, parseFlags, UsageError } from '../kubectl/flags.ts'
