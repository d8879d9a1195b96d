/**
 * What protocol/ may take from its surroundings beyond ECMAScript: text to UTF-8 and back (WHATWG Encoding Standard), which
 * Node.js and browsers share. Everything else is handed in.
 */

declare class TextEncoder {
  encode(text?: string): Uint8Array<ArrayBuffer>
}

declare class TextDecoder {
  constructor(label?: 'utf-8', options?: { fatal?: boolean; ignoreBOM?: boolean })
  decode(bytes?: Uint8Array): string
}
