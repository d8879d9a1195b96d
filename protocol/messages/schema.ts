/** Pieces of schemas that all messages share. */
import * as v from 'valibot'

/** A byte string; `custom` rather than `instance`, because it may stand on any kind of buffer. */
const byteString = v.custom<Uint8Array>((value) => value instanceof Uint8Array, 'expected a byte string')

export const bytes = (maximumLength: number) =>
  v.pipe(
    byteString,
    v.check((value) => value.length <= maximumLength, `longer than ${maximumLength} bytes`),
  )

export const exactly = (length: number) =>
  v.pipe(
    byteString,
    v.check((value) => value.length === length, `not ${length} bytes`),
  )

/** 16 bytes, made at random, or a card's GUID. */
export const identifier = exactly(16)

export const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0))

/** Milliseconds since 1970-01-01 UTC. */
export const time = v.pipe(v.number(), v.safeInteger(), v.minValue(0))

export const text = (maximumLength: number) => v.pipe(v.string(), v.minLength(1), v.maxLength(maximumLength))
