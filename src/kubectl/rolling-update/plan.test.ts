import { expect, it } from 'vitest'
import { boundsOf, nextDown, nextUp } from './plan.ts'

/** Runs an update in which every new pod is available at once. */
function run(original: number, desired: number): string[] {
  const update = boundsOf({ original, desired })
  const steps: string[] = []
  let sizes = { old: original, new: 0 }
  while (sizes.old > 0 || sizes.new < desired) {
    const up = nextUp(update, sizes)
    if (up !== sizes.new) steps.push(`up ${up}`)
    sizes = { ...sizes, new: up }
    const down = nextDown(update, sizes, sizes.new)
    if (down !== sizes.old) steps.push(`down ${down}`)
    if (steps.length > 50) throw new Error('no end')
    sizes = { ...sizes, old: down }
  }
  return steps
}

it.each([
  [3, 3, ['up 1', 'down 2', 'up 2', 'down 1', 'up 3', 'down 0']],
  [1, 1, ['up 1', 'down 0']],
  [1, 3, ['up 3', 'down 0']],
  [2, 0, ['down 0']],
  [0, 2, ['up 2']],
])('goes from %i to %i replicas', (original, desired, steps) => {
  expect(run(original, desired)).toEqual(steps)
})

it('waits for new pods to be available', () => {
  const update = boundsOf({ original: 3, desired: 3 })
  expect(nextDown(update, { old: 3, new: 1 }, 0)).toBe(3)
  expect(nextUp(update, { old: 3, new: 1 })).toBe(1)
})
