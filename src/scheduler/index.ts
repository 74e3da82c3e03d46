// The scheduler's entry point.

export { runScheduler } from './scheduler.ts'
