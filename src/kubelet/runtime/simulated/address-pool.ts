// Hands out the addresses of an IPv4 range, the way host-local does: in turn, skipping network, gateway and broadcast.

import { RuntimeError } from '../runtime.ts'

export class AddressPool {
  readonly #first: number
  readonly #size: number
  readonly #taken = new Set<number>()
  #next = 2

  constructor(cidr: string) {
    const [address = '', bits = ''] = cidr.split('/')
    const prefix = Number(bits)
    if (!/^\d+\.\d+\.\d+\.\d+$/.test(address) || !Number.isInteger(prefix) || prefix < 1 || prefix > 30) {
      throw new RuntimeError(
        'INVALID_ARGUMENT',
        `cannot use pod range "${cidr}": expected IPv4 with a prefix of 1 to 30`,
      )
    }
    this.#size = 2 ** (32 - prefix)
    this.#first = Math.floor(toNumber(address) / this.#size) * this.#size
  }

  take(): string {
    // Offsets 2 to size - 2.
    const usable = this.#size - 3
    for (let i = 0; i < usable; i++) {
      const offset = 2 + ((this.#next - 2 + i) % usable)
      if (this.#taken.has(offset)) continue
      this.#taken.add(offset)
      this.#next = offset + 1
      return toText(this.#first + offset)
    }
    throw new RuntimeError('RESOURCE_EXHAUSTED', `no IP addresses available in range set: ${toText(this.#first)}`)
  }

  reserve(address: string): void {
    this.#taken.add(toNumber(address) - this.#first)
  }

  release(address: string): void {
    this.#taken.delete(toNumber(address) - this.#first)
  }
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
}

function toText(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')
}
