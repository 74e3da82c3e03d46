// Makes sure that a container's image is on the node: pull policy, back-off, credentials, events, a bounded number of
// pulls at a time, and one pull per image however many pods ask for it.

import type { Secret } from '../api/generated/core-v1.ts'
import type { EventRecorder, EventTarget } from '../client/event-recorder.ts'
import type { Clock } from '../machinery/clock.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { normalizeImage } from './image-name.ts'
import { Backoff } from './pods/backoff.ts'
import { ContainerStartError, messageOf } from './pods/errors.ts'
import type { ApiContainer, ApiPod } from './pods/types.ts'
import { credentialsFor } from './pull-credentials.ts'
import type { ImageInfo, Runtime } from './runtime/runtime.ts'

const MAX_PARALLEL_PULLS = 4
const BACKOFF = { initial: 10_000, max: 300_000 }

export interface EnsuredImage {
  /** What the container is created from. */
  readonly ref: string
  readonly info: ImageInfo | undefined
}

/** See the file comment. */
export class ImageManager {
  readonly #runtime: Runtime
  readonly #clock: Clock
  readonly #events: EventRecorder
  readonly #backoff = new Backoff(BACKOFF)
  readonly #failures = new Map<string, { message: string; at: number }>()
  readonly #pulling = new Map<string, Promise<{ waited: number; took: number }>>()
  readonly #waiting: (() => void)[] = []
  #active = 0

  constructor(env: { runtime: Runtime; clock: Clock; events: EventRecorder }) {
    this.#runtime = env.runtime
    this.#clock = env.clock
    this.#events = env.events
  }

  /** Milliseconds until a pull that failed may be tried again. */
  retryAfter(pod: ApiPod, container: ApiContainer): number {
    const key = backoffKey(pod, container)
    const failure = this.#failures.get(key)
    return failure ? this.#backoff.remaining(key, failure.at, this.#clock.now()) : 0
  }

  forget(uid: string): void {
    this.#backoff.forget(`${uid}_`)
    for (const key of this.#failures.keys()) if (key.startsWith(`${uid}_`)) this.#failures.delete(key)
  }

  /** Rejects with a ContainerStartError: ErrImagePull, ImagePullBackOff, ErrImageNeverPull, InvalidImageName, … */
  async ensure(options: {
    pod: ApiPod
    container: ApiContainer
    target: EventTarget
    pullSecrets: () => Promise<readonly DeepReadonly<Secret>[]>
  }): Promise<EnsuredImage> {
    const { container, target } = options
    const name = container.image ?? ''
    const image = this.#normalize(name, target)
    const policy = container.imagePullPolicy ?? (image.endsWith(':latest') ? 'Always' : 'IfNotPresent')
    const present = await this.#inspect(name, image, target)
    if (present && policy !== 'Always') {
      const message = `Container image "${name}" already present on machine and can be accessed by the pod`
      this.#events.event(target, 'Normal', 'Pulled', message)
      return { ref: image, info: present }
    }
    if (policy === 'Never') {
      const message = `Container image "${name}" is not present with pull policy of Never`
      this.#events.event(target, 'Warning', 'ErrImageNeverPull', message)
      throw new ContainerStartError('ErrImageNeverPull', message)
    }
    await this.#pull({ ...options, image })
    return { ref: image, info: await this.#runtime.imageStatus(image) }
  }

  #normalize(name: string, target: EventTarget): string {
    try {
      return normalizeImage(name)
    } catch (error) {
      const message = `Failed to apply default image tag "${name}": ${messageOf(error)}`
      this.#events.event(target, 'Warning', 'InspectFailed', message)
      throw new ContainerStartError('InvalidImageName', message, { cause: error })
    }
  }

  async #inspect(name: string, image: string, target: EventTarget): Promise<ImageInfo | undefined> {
    try {
      return await this.#runtime.imageStatus(image)
    } catch (error) {
      const message = `Failed to inspect image "${name}": ${messageOf(error)}`
      this.#events.event(target, 'Warning', 'InspectFailed', message)
      throw new ContainerStartError('ImageInspectError', message, { cause: error })
    }
  }

  async #pull(options: {
    pod: ApiPod
    container: ApiContainer
    target: EventTarget
    image: string
    pullSecrets: () => Promise<readonly DeepReadonly<Secret>[]>
  }): Promise<void> {
    const { pod, container, target, image } = options
    const name = container.image ?? ''
    const key = backoffKey(pod, container)
    const failure = this.#failures.get(key)
    if (failure && this.retryAfter(pod, container) > 0) {
      const message = `Back-off pulling image "${name}": ErrImagePull: ${failure.message}`
      this.#events.event(target, 'Normal', 'BackOff', `Back-off pulling image "${name}"`)
      this.#events.event(target, 'Warning', 'Failed', 'Error: ImagePullBackOff')
      throw new ContainerStartError('ImagePullBackOff', message)
    }
    this.#events.event(target, 'Normal', 'Pulling', `Pulling image "${name}"`)
    const asked = this.#clock.now()
    try {
      const { took } = await this.#pullOnce(image, await options.pullSecrets())
      const size = (await this.#runtime.imageStatus(image))?.sizeBytes ?? 0
      const whole = Math.max(took, this.#clock.now() - asked)
      const message = `Successfully pulled image "${name}" in ${goDuration(took)} (${goDuration(whole)} including waiting). Image size: ${size} bytes.`
      this.#events.event(target, 'Normal', 'Pulled', message)
      this.#failures.delete(key)
    } catch (error) {
      const at = this.#clock.now()
      this.#backoff.next(key, at)
      this.#failures.set(key, { message: messageOf(error), at })
      this.#events.event(target, 'Warning', 'Failed', `Failed to pull image "${name}": ${messageOf(error)}`)
      this.#events.event(target, 'Warning', 'Failed', 'Error: ErrImagePull')
      throw new ContainerStartError('ErrImagePull', messageOf(error), { cause: error })
    }
  }

  /** Joins a pull that is under way with the same credentials, else waits for a free slot. */
  #pullOnce(image: string, secrets: readonly DeepReadonly<Secret>[]): Promise<{ waited: number; took: number }> {
    const credentials = credentialsFor(image, secrets)
    const key = JSON.stringify([image, credentials])
    const running = this.#pulling.get(key)
    if (running) return running
    const pull = this.#slot(async () => {
      const started = this.#clock.now()
      await this.#tryCredentials(image, credentials)
      return { waited: 0, took: this.#clock.now() - started }
    }).finally(() => this.#pulling.delete(key))
    this.#pulling.set(key, pull)
    return pull
  }

  async #tryCredentials(image: string, credentials: ReturnType<typeof credentialsFor>): Promise<void> {
    if (credentials.length === 0) {
      await this.#runtime.pullImage(image)
      return
    }
    const errors: unknown[] = []
    for (const auth of credentials) {
      try {
        await this.#runtime.pullImage(image, auth)
        return
      } catch (error) {
        errors.push(error)
      }
    }
    throw errors.length === 1 ? errors[0] : new AggregateError(errors, `[${errors.map(messageOf).join(', ')}]`)
  }

  async #slot<T>(work: () => Promise<T>): Promise<T> {
    if (this.#active >= MAX_PARALLEL_PULLS) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#active++
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#active--
    }
  }
}

function backoffKey(pod: ApiPod, container: ApiContainer): string {
  return `${pod.metadata.uid}_${container.image ?? ''}`
}

/** As Go prints a duration, in milliseconds precision: `852ms`, `1.2s`, `2m3.5s`. */
export function goDuration(ms: number): string {
  const whole = Math.round(ms)
  if (whole < 1000) return `${whole}ms`
  const minutes = Math.floor(whole / 60_000)
  const seconds = (whole % 60_000) / 1000
  if (minutes < 60) return `${minutes > 0 ? `${minutes}m` : ''}${seconds}s`
  return `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds}s`
}
