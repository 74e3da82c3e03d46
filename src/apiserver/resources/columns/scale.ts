// The columns of a Scale, whatever it is the scale of. Model: printScale, and newScaleTableConvertor for custom kinds.

import type { Column } from '../../resource-definition.ts'
import { ageColumn, integer, nameColumn } from './common.ts'

type Counted = { spec?: { replicas?: number }; status?: { replicas?: number } }

const counts = [
  integer<Counted>('Desired', ({ spec }) => spec?.replicas),
  integer<Counted>('Available', ({ status }) => status?.replicas),
]
const { format: _, ...unformattedName } = nameColumn

export const scaleColumns: readonly Column<never>[] = [unformattedName, ...counts, ageColumn]
export const customScaleColumns: readonly Column<never>[] = [nameColumn, ...counts, { ...ageColumn, type: 'date' }]
