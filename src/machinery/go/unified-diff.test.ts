import { describe, expect, it } from 'vitest'
import { unifiedDiff } from './unified-diff.ts'

const lines = (count: number) => Array.from({ length: count }, (_, i) => `line ${i}`)

describe('unifiedDiff', () => {
  it('says nothing of what is the same', () => {
    expect(unifiedDiff('a\nb', 'a\nb')).toBe('')
  })

  it('shows three lines around a change', () => {
    const before = lines(20)
    const after = before.with(9, 'changed')
    expect(unifiedDiff(before.join('\n'), after.join('\n'))).toBe(
      '@@ -7,7 +7,7 @@\n line 6\n line 7\n line 8\n-line 9\n+changed\n line 10\n line 11\n line 12\n',
    )
  })

  it('shows changes that are far apart in hunks of their own', () => {
    const before = lines(30)
    const after = before.toSpliced(20, 1).with(2, 'changed')
    expect(unifiedDiff(before.join('\n'), after.join('\n')).match(/^@@.*@@$/gm)).toEqual([
      '@@ -1,6 +1,6 @@',
      '@@ -18,7 +18,6 @@',
    ])
  })

  it('counts an empty range from the line before it', () => {
    expect(unifiedDiff('', 'a')).toBe('@@ -1 +1 @@\n-\n+a\n')
    expect(unifiedDiff('a', 'a\nb')).toBe('@@ -1 +1,2 @@\n a\n+b\n')
  })

  it('does not begin with lines that are all over a long text', () => {
    const before = Array.from({ length: 300 }, (_, i) => (i % 2 === 0 ? '}' : `key ${i}`))
    const after = before.toSpliced(101, 2)
    expect(unifiedDiff(before.join('\n'), after.join('\n'))).toBe(
      '@@ -99,8 +99,6 @@\n }\n key 99\n }\n-key 101\n-}\n key 103\n }\n key 105\n',
    )
  })
})
