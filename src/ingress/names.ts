// The names by which this ingress controller is known, and those that it gives.

import { createHash } from 'node:crypto'

/** `spec.controller` of the ingress classes that are served here. */
export const CONTROLLER = 'sampan.dev/ingress-nginx'
/** The class that is made at start, and what the old annotation says for it. */
export const CLASS_NAME = 'nginx'
export const CLASS_ANNOTATION = 'kubernetes.io/ingress.class'
export const DEFAULT_CLASS_ANNOTATION = 'ingressclass.kubernetes.io/is-default-class'
/** Before every annotation that tunes one ingress, as ingress-nginx has them. */
export const ANNOTATION_PREFIX = 'nginx.ingress.kubernetes.io/'
/** What events say they come from. */
export const EVENT_COMPONENT = 'nginx-ingress-controller'

/** Begins a comment that names the owner of the lines that follow. */
export const MARK = '# ingress: '

/** A short name for what an ingress brings along: safe in variables and, with a letter before it, in regular expressions. */
export function ownerId(owner: string): string {
  return createHash('sha256').update(owner).digest('hex').slice(0, 16)
}
