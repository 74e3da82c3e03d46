// Whether plugins that change objects run a second time, because one of them changed what an earlier one had seen.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#reinvocation-policy

import { sameJson } from '../../machinery/same-json.ts'
import type { AdmissionAttributes } from './admission.ts'

/** What one plugin remembers of the first round. */
interface Remembered {
  /** Called before, and wanting to be called again if the object changes after that. */
  readonly invoked: Set<string>
  readonly again: Set<string>
  output: unknown
}

export class Reinvocation {
  /** Set when a second round is needed. */
  wanted = false
  /** Set in the second round. */
  running = false
  /** Set when anything outside the server changed the object. */
  changed = false
  readonly #plugins = new Map<string, Remembered>()

  static of(attributes: AdmissionAttributes): Reinvocation {
    attributes.reinvocation ??= new Reinvocation()
    return attributes.reinvocation
  }

  #of(plugin: string): Remembered {
    let found = this.#plugins.get(plugin)
    if (!found) {
      found = { invoked: new Set(), again: new Set(), output: undefined }
      this.#plugins.set(plugin, found)
    }
    return found
  }

  /** A plugin begins its round. */
  begin(plugin: string, object: unknown): void {
    if (this.running && !sameJson(this.#of(plugin).output, object)) this.#requireAgain(plugin)
  }

  /** Whether the one of this id is to be called in this round. */
  includes(plugin: string, id: string): boolean {
    return !this.running || this.#of(plugin).again.has(id)
  }

  /** The one of this id was called. */
  called(plugin: string, id: string, result: { readonly changed: boolean; readonly ifNeeded: boolean }): void {
    if (result.changed) {
      this.changed = true
      this.wanted = true
      this.#requireAgain(plugin)
    }
    if (result.ifNeeded) this.#of(plugin).invoked.add(id)
  }

  /** A plugin has made objects anew, changed or not: whoever wants to be called again is, also who made them. */
  renewed(plugin: string): void {
    this.wanted = true
    this.#requireAgain(plugin)
  }

  /** A plugin has ended its round. */
  end(plugin: string, object: unknown): void {
    // Nothing is compared to it after the second round.
    if (!this.running) this.#of(plugin).output = structuredClone(object)
  }

  #requireAgain(plugin: string): void {
    const { invoked, again } = this.#of(plugin)
    for (const id of invoked) again.add(id)
    invoked.clear()
  }
}
