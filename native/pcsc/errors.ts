import { ReaderError, type ReaderErrorKind, type ServiceState } from '../reader.ts'

/**
 * Every PC/SC return code, its own name, and what it means to the terminal.
 *
 * Sources: pcsc-lite 1.9 `pcsclite.h` (group ErrorCodes), [MS-RDPESC] section 2.2.8 and Windows' `winerror.h`
 * (facility SCARD, 0x10). The two agree but for one name: pcsc-lite gave 0x8010001F a second name,
 * SCARD_E_UNSUPPORTED_FEATURE, which is 0x80100022 in Windows. The table follows Windows.
 */
const pcscCodes: readonly (readonly [code: number, name: string, kind: ReaderErrorKind])[] = [
  [0x80100001, 'SCARD_F_INTERNAL_ERROR', 'unexpected'],
  [0x80100002, 'SCARD_E_CANCELLED', 'cancelled'],
  // A handle is invalid once its service has died: the connection is lost, another one may work.
  [0x80100003, 'SCARD_E_INVALID_HANDLE', 'communication'],
  [0x80100004, 'SCARD_E_INVALID_PARAMETER', 'bad-argument'],
  [0x80100005, 'SCARD_E_INVALID_TARGET', 'unexpected'],
  [0x80100006, 'SCARD_E_NO_MEMORY', 'unexpected'],
  [0x80100007, 'SCARD_F_WAITED_TOO_LONG', 'timeout'],
  [0x80100008, 'SCARD_E_INSUFFICIENT_BUFFER', 'bad-argument'],
  [0x80100009, 'SCARD_E_UNKNOWN_READER', 'reader-gone'],
  [0x8010000a, 'SCARD_E_TIMEOUT', 'timeout'],
  [0x8010000b, 'SCARD_E_SHARING_VIOLATION', 'in-use'],
  [0x8010000c, 'SCARD_E_NO_SMARTCARD', 'no-card'],
  [0x8010000d, 'SCARD_E_UNKNOWN_CARD', 'bad-argument'],
  [0x8010000e, 'SCARD_E_CANT_DISPOSE', 'unexpected'],
  [0x8010000f, 'SCARD_E_PROTO_MISMATCH', 'protocol-mismatch'],
  [0x80100010, 'SCARD_E_NOT_READY', 'communication'],
  [0x80100011, 'SCARD_E_INVALID_VALUE', 'bad-argument'],
  [0x80100012, 'SCARD_E_SYSTEM_CANCELLED', 'cancelled'],
  [0x80100013, 'SCARD_F_COMM_ERROR', 'communication'],
  [0x80100014, 'SCARD_F_UNKNOWN_ERROR', 'unexpected'],
  [0x80100015, 'SCARD_E_INVALID_ATR', 'card-mute'],
  [0x80100016, 'SCARD_E_NOT_TRANSACTED', 'communication'],
  [0x80100017, 'SCARD_E_READER_UNAVAILABLE', 'reader-gone'],
  [0x80100018, 'SCARD_P_SHUTDOWN', 'no-service'],
  [0x80100019, 'SCARD_E_PCI_TOO_SMALL', 'bad-argument'],
  [0x8010001a, 'SCARD_E_READER_UNSUPPORTED', 'unexpected'],
  [0x8010001b, 'SCARD_E_DUPLICATE_READER', 'unexpected'],
  [0x8010001c, 'SCARD_E_CARD_UNSUPPORTED', 'card-mute'],
  [0x8010001d, 'SCARD_E_NO_SERVICE', 'no-service'],
  [0x8010001e, 'SCARD_E_SERVICE_STOPPED', 'no-service'],
  [0x8010001f, 'SCARD_E_UNEXPECTED', 'unexpected'],
  [0x80100020, 'SCARD_E_ICC_INSTALLATION', 'unexpected'],
  [0x80100021, 'SCARD_E_ICC_CREATEORDER', 'unexpected'],
  [0x80100022, 'SCARD_E_UNSUPPORTED_FEATURE', 'unexpected'],
  [0x80100023, 'SCARD_E_DIR_NOT_FOUND', 'unexpected'],
  [0x80100024, 'SCARD_E_FILE_NOT_FOUND', 'unexpected'],
  [0x80100025, 'SCARD_E_NO_DIR', 'unexpected'],
  [0x80100026, 'SCARD_E_NO_FILE', 'unexpected'],
  [0x80100027, 'SCARD_E_NO_ACCESS', 'no-permission'],
  [0x80100028, 'SCARD_E_WRITE_TOO_MANY', 'unexpected'],
  [0x80100029, 'SCARD_E_BAD_SEEK', 'unexpected'],
  [0x8010002a, 'SCARD_E_INVALID_CHV', 'unexpected'],
  [0x8010002b, 'SCARD_E_UNKNOWN_RES_MNG', 'unexpected'],
  [0x8010002c, 'SCARD_E_NO_SUCH_CERTIFICATE', 'unexpected'],
  [0x8010002d, 'SCARD_E_CERTIFICATE_UNAVAILABLE', 'unexpected'],
  [0x8010002e, 'SCARD_E_NO_READERS_AVAILABLE', 'reader-gone'],
  [0x8010002f, 'SCARD_E_COMM_DATA_LOST', 'communication'],
  [0x80100030, 'SCARD_E_NO_KEY_CONTAINER', 'unexpected'],
  [0x80100031, 'SCARD_E_SERVER_TOO_BUSY', 'communication'],
  [0x80100032, 'SCARD_E_PIN_CACHE_EXPIRED', 'unexpected'],
  [0x80100033, 'SCARD_E_NO_PIN_CACHE', 'unexpected'],
  [0x80100034, 'SCARD_E_READ_ONLY_CARD', 'unexpected'],
  [0x80100065, 'SCARD_W_UNSUPPORTED_CARD', 'card-mute'],
  [0x80100066, 'SCARD_W_UNRESPONSIVE_CARD', 'card-mute'],
  [0x80100067, 'SCARD_W_UNPOWERED_CARD', 'card-mute'],
  [0x80100068, 'SCARD_W_RESET_CARD', 'card-reset'],
  [0x80100069, 'SCARD_W_REMOVED_CARD', 'card-removed'],
  // The polkit policy of pcscd refuses the service or the card with this code.
  [0x8010006a, 'SCARD_W_SECURITY_VIOLATION', 'no-permission'],
  [0x8010006b, 'SCARD_W_WRONG_CHV', 'unexpected'],
  [0x8010006c, 'SCARD_W_CHV_BLOCKED', 'unexpected'],
  [0x8010006d, 'SCARD_W_EOF', 'unexpected'],
  [0x8010006e, 'SCARD_W_CANCELLED_BY_USER', 'cancelled'],
  [0x8010006f, 'SCARD_W_CARD_NOT_AUTHENTICATED', 'unexpected'],
  [0x80100070, 'SCARD_W_CACHE_ITEM_NOT_FOUND', 'unexpected'],
  [0x80100071, 'SCARD_W_CACHE_ITEM_STALE', 'unexpected'],
  [0x80100072, 'SCARD_W_CACHE_ITEM_TOO_BIG', 'unexpected'],
]

/**
 * Windows passes on what a reader's driver or the system said, as plain system error codes
 * ([MS-ERREF] section 2.2). These are the ones that drivers are known to give.
 */
const windowsCodes: readonly (readonly [code: number, name: string, kind: ReaderErrorKind])[] = [
  [0x00000001, 'ERROR_INVALID_FUNCTION', 'bad-argument'],
  [0x00000005, 'ERROR_ACCESS_DENIED', 'no-permission'],
  [0x00000006, 'ERROR_INVALID_HANDLE', 'communication'],
  [0x00000015, 'ERROR_NOT_READY', 'communication'],
  // A reader pulled in the middle of a command.
  [0x00000016, 'ERROR_BAD_COMMAND', 'reader-gone'],
  [0x0000001f, 'ERROR_GEN_FAILURE', 'communication'],
  [0x00000032, 'ERROR_NOT_SUPPORTED', 'bad-argument'],
  [0x00000057, 'ERROR_INVALID_PARAMETER', 'bad-argument'],
  // What every call answers in a remote desktop session that has no smart card redirection.
  [0x0000006d, 'ERROR_BROKEN_PIPE', 'no-service'],
  [0x00000079, 'ERROR_SEM_TIMEOUT', 'timeout'],
  [0x0000007a, 'ERROR_INSUFFICIENT_BUFFER', 'bad-argument'],
  [0x000003e3, 'ERROR_OPERATION_ABORTED', 'card-removed'],
  [0x0000045d, 'ERROR_IO_DEVICE', 'communication'],
  [0x0000048f, 'ERROR_DEVICE_NOT_CONNECTED', 'reader-gone'],
]

const byCode = new Map([...pcscCodes, ...windowsCodes].map(([code, name, kind]) => [code, { name, kind }]))

/** All codes that have a name here, for tests and documentation. */
export const namedCodes: readonly { readonly code: number; readonly name: string; readonly kind: ReaderErrorKind }[] = [
  ...byCode,
].map(([code, { name, kind }]) => ({ code, name, kind }))

/** The error of a PC/SC return code. A code without a name is 'unexpected' and carries its number, so that it can be looked up. */
export function pcscError(code: number): ReaderError {
  const unsigned = code >>> 0
  const known = byCode.get(unsigned)
  if (known !== undefined) return new ReaderError(known.kind, known.name)
  return new ReaderError('unexpected', `0x${unsigned.toString(16).toUpperCase().padStart(8, '0')}`)
}

/** What an error of a context says of the service as a whole. A context fails to communicate with nobody but its service. */
export function serviceStateOf(error: ReaderError): ServiceState {
  if (error.kind === 'no-service' || error.kind === 'communication') return { kind: 'service-down' }
  if (error.kind === 'no-permission') return { kind: 'no-permission' }
  return { kind: 'failed', code: error.code }
}
