import { ReaderError } from '../reader.ts'

/**
 * The command TPDU that carries a short APDU over T=0 (ISO/IEC 7816-3 section 12.2).
 *
 * A header alone (case 1) goes with P3 = 0; data with an expected length (case 4) goes without the length: the
 * card answers 61xx and the caller asks for the rest. PC/SC leaves this mapping to the application.
 * Extended lengths do not exist in T=0 TPDUs: throws a ReaderError 'protocol-mismatch', for the caller to chain commands instead.
 */
export function toT0Tpdu(command: Uint8Array): Uint8Array {
  if (command.length < 4) throw new ReaderError('bad-argument', 'SCARD_E_INVALID_PARAMETER', 'an APDU has four bytes at least')
  if (command.length === 4) {
    const tpdu = new Uint8Array(5)
    tpdu.set(command)
    return tpdu
  }
  if (command.length === 5) return command
  const lc = command[4] ?? 0
  if (lc === 0) throw new ReaderError('protocol-mismatch', 'SCARD_E_PROTO_MISMATCH', 'an extended APDU does not fit T=0')
  if (command.length === 5 + lc) return command
  if (command.length === 5 + lc + 1) return command.subarray(0, 5 + lc)
  throw new ReaderError('bad-argument', 'SCARD_E_INVALID_PARAMETER', 'Lc does not fit the length of the APDU')
}
