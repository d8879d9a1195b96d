/** Small tools for byte strings. Bytes are Uint8Array everywhere; hexadecimal is for people and vectors. */

export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0
  for (let i = 0; i < parts.length; i += 1) length += (parts[i] as Uint8Array).length
  const result = new Uint8Array(length)
  for (let i = 0, offset = 0; i < parts.length; i += 1) {
    const part = parts[i] as Uint8Array
    result.set(part, offset)
    offset += part.length
  }
  return result
}

const hexOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 1) text += hexOfByte[bytes[i] as number]
  return text
}

/** Parses lower or upper case hexadecimal digits; spaces between bytes are allowed. Throws a RangeError otherwise. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  const digits = text.replaceAll(' ', '')
  if (digits.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(digits)) throw new RangeError('not hexadecimal')
  const bytes = new Uint8Array(digits.length / 2)
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16)
  return bytes
}

/** Compares without a branch on the content. The length is not secret. */
export function equalConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i += 1) difference |= (a[i] ?? 0) ^ (b[i] ?? 0)
  return difference === 0
}

/** Overwrites a secret in place. The runtime may hold copies that this cannot reach (docs/security.md). */
export function wipe(...secrets: readonly Uint8Array[]): void {
  for (const secret of secrets) secret.fill(0)
}

const utf8Encoder = new TextEncoder()
const utf8Decoder = new TextDecoder('utf-8', { fatal: true })

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return utf8Encoder.encode(text)
}

/** Throws a TypeError where the bytes are not UTF-8. */
export function fromUtf8(bytes: Uint8Array): string {
  return utf8Decoder.decode(bytes)
}
