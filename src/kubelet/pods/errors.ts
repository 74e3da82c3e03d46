// Why a container could not be started, as its `waiting` state and the pod's events show it.

/** `reason` is the waiting reason: `CreateContainerConfigError`, `ErrImagePull`, `RunContainerError`, … */
export class ContainerStartError extends Error {
  readonly reason: string

  constructor(reason: string, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'ContainerStartError'
    this.reason = reason
  }
}

/** The text of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
