// Sees to it that the image which holds a pod's namespaces is there.

import { readFile } from 'node:fs/promises'
import { type Clock, sleep } from '../../../machinery/clock.ts'
import type { Runtime } from '../runtime.ts'
import { RuntimeError } from '../runtime.ts'
import { buildPauseImage, type ImportOptions, importImageArchive, PAUSE_IMAGE } from './image-archive.ts'

const APPEAR_TIMEOUT = 10_000
const APPEAR_INTERVAL = 10

export interface PauseImageOptions extends ImportOptions {
  readonly runtime: Pick<Runtime, 'imageStatus'>
  /** A static program that waits and reaps when called with `-P`: `/usr/bin/catatonit`. */
  readonly program: string
  readonly arch: string
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** Imports the pause image unless it is there already. */
export async function ensurePauseImage(options: PauseImageOptions): Promise<void> {
  const { runtime, clock, signal } = options
  if ((await runtime.imageStatus(PAUSE_IMAGE)) !== undefined) return
  const archive = buildPauseImage(await readFile(options.program), options.arch)
  await importImageArchive(archive, options)
  await imageAppears({ runtime, image: PAUSE_IMAGE, clock, signal })
}

/** Waits until CRI knows an image that was imported: it hears of it from containerd a moment later. */
export async function imageAppears(options: {
  readonly runtime: Pick<Runtime, 'imageStatus'>
  readonly image: string
  readonly clock: Clock
  readonly signal: AbortSignal
}): Promise<void> {
  const { runtime, image, clock, signal } = options
  const deadline = clock.now() + APPEAR_TIMEOUT
  while ((await runtime.imageStatus(image)) === undefined) {
    if (clock.now() >= deadline) {
      throw new RuntimeError('DEADLINE_EXCEEDED', `image "${image}" was imported but the runtime does not list it`)
    }
    await sleep(clock, APPEAR_INTERVAL, { signal })
  }
}
