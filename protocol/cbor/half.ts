/** IEEE 754 binary16, which JavaScript lacks on older runtimes (RFC 8949 appendix D). */

const scratch = new DataView(new ArrayBuffer(8))

/** The bits of an IEEE 754 binary16 that equals the value; undefined where there is none. */
export function toHalf(value: number): number | undefined {
  if (Number.isNaN(value)) return 0x7e00
  scratch.setFloat64(0, value)
  const sign = scratch.getUint16(0) & 0x8000
  const magnitude = Math.abs(value)
  if (magnitude === 0) return sign
  if (magnitude === Number.POSITIVE_INFINITY) return sign | 0x7c00
  const exponent = ((scratch.getUint16(0) >> 4) & 0x7ff) - 1023
  if (exponent > 15 || exponent < -24) return undefined
  // Steps of a half: 2^-24 below 2^-14, otherwise 2^(exponent - 10).
  const steps = magnitude / 2 ** (Math.max(exponent, -14) - 10)
  if (!Number.isInteger(steps)) return undefined
  return sign | (exponent < -14 ? steps : ((exponent + 15) << 10) + steps - 1024)
}

export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25))
}
