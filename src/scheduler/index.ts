// The scheduler's entry point.

export { runScheduler, type SchedulerOptions } from './scheduler.ts'
