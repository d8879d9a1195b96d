import fc from 'fast-check'
import { expect, test } from 'vitest'
import { keepEqual } from '../../renderer/store/keep-equal.ts'

/** Plain data: what a snapshot is made of. */
const data = fc.jsonValue({ maxDepth: 4 })
const copyOf = <T>(value: T): T => JSON.parse(JSON.stringify(value))

test('says what is now, whatever was before', () => {
  fc.assert(
    fc.property(data, data, (before, now) => {
      expect(keepEqual(copyOf(before), copyOf(now))).toEqual(copyOf(now))
    }),
  )
})

test('is the very same where all is equal', () => {
  fc.assert(
    fc.property(data, (value) => {
      const before = copyOf(value)
      expect(keepEqual(before, copyOf(value))).toBe(before)
    }),
  )
})

test('keeps each part that did not change, in records and lists', () => {
  const before = { operator: { name: 'Ada' }, rows: [{ at: 1 }, { at: 2 }], page: { kind: 'idle' } }
  const now = keepEqual(before, { operator: { name: 'Ada' }, rows: [{ at: 1 }, { at: 3 }], page: { kind: 'session' } })
  expect(now).toEqual({ operator: { name: 'Ada' }, rows: [{ at: 1 }, { at: 3 }], page: { kind: 'session' } })
  expect(now.operator).toBe(before.operator)
  expect(now.rows).not.toBe(before.rows)
  expect(now.rows[0]).toBe(before.rows[0])
  expect(now.rows[1]).not.toBe(before.rows[1])
})

test('tells a field that is gone, one that is new and one that is undefined apart', () => {
  const before: object = { a: 1 }
  expect(keepEqual(before, {})).toStrictEqual({})
  expect(keepEqual<object>(before, { a: 1, b: undefined })).toStrictEqual({ a: 1, b: undefined })
  expect(keepEqual<object>({ a: undefined }, { b: undefined })).toStrictEqual({ b: undefined })
})

test('a longer and a shorter list are other lists', () => {
  expect(keepEqual([1, 2], [1])).toEqual([1])
  expect(keepEqual([1], [1, 2])).toEqual([1, 2])
})
