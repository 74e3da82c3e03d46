// What an admission plugin is and how the chain runs: all that change the object first, then all that only judge it.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/

import type { DeleteOptions } from '../../api/generated/meta-v1.ts'
import type { ApiObject, StoredObject } from '../api-object.ts'
import type { RequestContext } from '../registry/registry.ts'
import type { Resource } from '../registry/resource.ts'
import type { UserInfo } from '../user.ts'
import type { Reinvocation } from './reinvocation.ts'

export interface AdmissionAttributes {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'
  readonly resource: Resource
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  readonly user: UserInfo
  readonly dryRun: boolean
  /** Whether an update is a patch. */
  readonly patches?: boolean
  /** The request behind it: its version, where warnings go. */
  readonly context: RequestContext
  /** The object to be written (storage version); absent for DELETE. Plugins in `admit` may change it. */
  readonly object: ApiObject | undefined
  /** What stands there now; absent for CREATE. */
  readonly old: StoredObject | undefined
  /** Of a DELETE. */
  readonly deleteOptions?: DeleteOptions
  /** Set by plugins that fill in what an update leaves unsaid: it may be no change after all. */
  filledIn?: boolean
  /** Kept by plugins that ask others about the object. */
  reinvocation?: Reinvocation
}

/** One plugin. Refuses by throwing a StatusError. */
export interface AdmissionPlugin {
  readonly name: string
  admit?(attributes: AdmissionAttributes): Promise<void> | void
  validate?(attributes: AdmissionAttributes): Promise<void> | void
}

type Hook = (attributes: AdmissionAttributes) => Promise<void> | void

/** A hook for new objects of one kind. With all others nothing is waited for, as an async function would have it. */
export function onCreate(group: string, kind: string, hook: (attributes: AdmissionAttributes) => Promise<void>): Hook {
  return (attributes) => {
    const { operation, resource, subresource } = attributes
    if (operation !== 'CREATE' || subresource !== '') return undefined
    return resource.group === group && resource.resource === kind ? hook(attributes) : undefined
  }
}

/** Runs what may change the object; a second time when that was changed from outside. Gives whether it was. */
export async function admit(plugins: readonly AdmissionPlugin[], attributes: AdmissionAttributes): Promise<boolean> {
  await admitOnce(plugins, attributes)
  const { reinvocation } = attributes
  if (!reinvocation?.wanted) return false
  reinvocation.running = true
  await admitOnce(plugins, attributes)
  return reinvocation.changed
}

async function admitOnce(plugins: readonly AdmissionPlugin[], attributes: AdmissionAttributes): Promise<void> {
  for (const plugin of plugins) {
    // Awaiting only what is a promise keeps the common write free of needless turns.
    const pending = plugin.admit?.(attributes)
    if (pending) await pending
  }
}

/** Runs the whole chain for a request that writes nothing itself: it connects, or makes something that is not kept. */
export async function admitRequest(
  plugins: readonly AdmissionPlugin[],
  attributes: AdmissionAttributes,
): Promise<void> {
  await admit(plugins, attributes)
  await validate(plugins, attributes)
}

export async function validate(plugins: readonly AdmissionPlugin[], attributes: AdmissionAttributes): Promise<void> {
  for (const plugin of plugins) {
    const pending = plugin.validate?.(attributes)
    if (pending) await pending
  }
}
