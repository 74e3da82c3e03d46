// What `kubectl get` prints of every kind: the columns and cells of upstream's tables.

import { describe, expect, it } from 'vitest'
import { clusterCases } from './cluster.ts'
import { printed, resources } from './support.ts'
import { workloadCases } from './workloads.ts'

const cases = [...workloadCases, ...clusterCases]

describe('print columns', () => {
  for (const { rule, of, object, cells } of cases) {
    it(`of ${of} (${rule})`, () => expect(printed(of, object)).toEqual(cells))
  }

  it('are pinned for every kind that is served', () => {
    expect([...resources.keys()].sort()).toEqual([...new Set(cases.map((c) => c.of))].sort())
  })
})
