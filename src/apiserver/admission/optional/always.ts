// AlwaysAdmit and AlwaysDeny: the two that know only one answer.

import { forbidden } from '../../../machinery/errors.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts'

export const alwaysAdmit: AdmissionPlugin = { name: 'AlwaysAdmit' }

const refuse = ({ resource, name }: AdmissionAttributes) => {
  throw forbidden(resource, name, 'admission control is denying all modifications')
}

export const alwaysDeny: AdmissionPlugin = { name: 'AlwaysDeny', admit: refuse, validate: refuse }
