// AlwaysPullImages: nobody runs an image that lies on a node because others were let see it.

import type { Pod } from '../../../api/generated/core-v1.ts'
import { field, forbidden, serverProblem } from '../../../machinery/errors.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts'
import { containersOf, writtenPod } from './pods.ts'

const ALWAYS = 'Always'

export const alwaysPullImages: AdmissionPlugin = {
  name: 'AlwaysPullImages',
  admit(attributes) {
    const pod = podWithNewImages(attributes)
    if (!pod) return
    for (const [, container] of containersOf(pod)) container.imagePullPolicy = ALWAYS
    for (const { image } of pod.spec.volumes ?? []) if (image) image.pullPolicy = ALWAYS
  },
  validate(attributes) {
    const pod = podWithNewImages(attributes)
    if (!pod) return
    const found = [
      ...containersOf(pod).map(([path, { imagePullPolicy }]) => [`${path}.imagePullPolicy`, imagePullPolicy] as const),
      ...(pod.spec.volumes ?? []).flatMap(({ image }, index) =>
        image ? [[`spec.volumes[${index}].image.pullPolicy`, image.pullPolicy] as const] : [],
      ),
    ].filter(([, policy]) => policy !== ALWAYS)
    if (found.length === 0) return
    const texts = found.map(([path, policy]) => {
      const problem = field.notSupported(path, policy ?? '', [ALWAYS])
      return forbidden(attributes.resource, attributes.name, `${problem.path}: ${problem.message}`).message
    })
    throw serverProblem(texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`)
  },
}

function podWithNewImages(attributes: AdmissionAttributes): Pod | undefined {
  const pod = writtenPod(attributes)
  if (!pod || attributes.operation !== 'UPDATE') return pod
  const before = new Set(containersOf(attributes.old as unknown as Pod).map(([, { image }]) => image))
  return containersOf(pod).some(([, { image }]) => !before.has(image)) ? pod : undefined
}
