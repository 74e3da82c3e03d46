// Reads resource quantities that may be absent as numbers, for cgroups and accounting.

import { quantityValue as parseUnits, quantityMilli } from '../machinery/quantity.ts'

/** The quantity in thousandths of its unit, rounded up: `milliValue('0.1')` is 100. Absent is 0. */
export function milliValue(quantity: string | undefined): number {
  return quantity === undefined ? 0 : quantityMilli(quantity)
}

/** The quantity in its unit, rounded up: `quantityValue('1Ki')` is 1024. Absent is 0. */
export function quantityValue(quantity: string | undefined): number {
  return quantity === undefined ? 0 : parseUnits(quantity)
}

/** Milli-units in canonical form: `formatMilli(1500)` is `1500m`, `formatMilli(2000)` is `2`. */
export function formatMilli(milli: number): string {
  return milli % 1000 === 0 ? String(milli / 1000) : `${milli}m`
}
