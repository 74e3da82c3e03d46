// What `sampan image push` does: copies an image from the store to the registry that its name says.

import { Readable } from 'node:stream'
import { formatReference, type ImageReference, parseReference } from '../registry/reference.ts'
import type { RegistryStore } from '../registry/store.ts'
import {
  type Credentials,
  RegistryClient,
  type RemoteAnswer,
  registryEndpoint,
  remoteMessage,
} from './registry-client.ts'
import { findImage } from './stored-image.ts'

export interface ImagePushOptions {
  readonly store: RegistryStore
  readonly name: string
  /** Name at the destination, when it is another. */
  readonly target?: string
  readonly credentials?: Credentials
  /** Where to push instead of the host's own registry, e.g. `http://registry.test:5000`. */
  readonly endpoint?: string
  readonly progress?: (line: string) => void
}

interface Push {
  readonly store: RegistryStore
  readonly client: RegistryClient
  readonly endpoint: string
  readonly from: string
  readonly to: ImageReference
  readonly progress: (line: string) => void
}

/** Pushes what the other registry lacks; gives the name and digest it now has there. */
export async function imagePush(options: ImagePushOptions): Promise<{ name: string; digest: string }> {
  const { store, credentials } = options
  const image = await findImage(store, options.name)
  const to = parseReference(options.target ?? options.name)
  const endpoint = options.endpoint ?? registryEndpoint(to.host)
  const client = new RegistryClient({ endpoint, credentials })
  const push: Push = { store, client, endpoint, from: image.repository, to, progress: options.progress ?? (() => {}) }
  await pushManifest(push, image.digest, to.tag ?? image.digest)
  return { name: formatReference(to), digest: image.digest }
}

async function pushManifest(push: Push, digest: string, reference: string): Promise<void> {
  const { store, client, from, to } = push
  const [manifest, record] = [await store.manifest(from, digest), await store.record(from, digest)]
  if (manifest === undefined || record === undefined) throw failed(push, `the manifest ${digest} is not here`)
  for (const child of record.manifests) await pushManifest(push, child, child)
  for (const blob of record.blobs) await pushBlob(push, blob)
  const answer = await client.send({
    method: 'PUT',
    url: `/v2/${to.path}/manifests/${reference}`,
    headers: { 'content-type': manifest.mediaType },
    body: { size: manifest.content.length, open: () => Readable.from([manifest.content]) },
  })
  if (answer.status !== 201) throw refused(push, answer)
}

async function pushBlob(push: Push, digest: string): Promise<void> {
  const { store, client, to, progress } = push
  const short = digest.slice(7, 19)
  const there = await client.send({ method: 'HEAD', url: `/v2/${to.path}/blobs/${digest}` })
  // Some registries answer with the place where it really is.
  if (there.status < 400) return progress(`${short}: already there`)
  const size = await store.blobSize(digest)
  if (size === undefined) throw failed(push, `the content ${digest} is not here`)
  const begun = await client.send({ method: 'POST', url: `/v2/${to.path}/blobs/uploads/` })
  if (begun.status !== 202 || begun.headers.location === undefined) throw refused(push, begun)
  const location = new URL(begun.headers.location, push.endpoint)
  location.searchParams.set('digest', digest)
  const done = await client.send({
    method: 'PUT',
    url: location.href,
    headers: { 'content-type': 'application/octet-stream' },
    body: { size, open: () => store.readBlob(digest) },
  })
  if (done.status !== 201) throw refused(push, done)
  progress(`${short}: pushed, ${size} bytes`)
}

function refused(push: Push, { status, body }: RemoteAnswer): Error {
  return failed(push, `${push.to.host} answered ${status}${body === '' ? '' : `: ${remoteMessage(body)}`}`)
}

function failed({ to }: Push, why: string): Error {
  return new Error(`cannot push ${formatReference(to)}: ${why}`)
}
