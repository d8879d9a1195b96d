/**
 * PC/SC's constants that the terminal uses (pcsc-lite 1.9 `pcsclite.h` and `reader.h`; the same numbers in
 * Windows' `winscard.h` and [MS-RDPESC] sections 2.2.1 and 2.2.5).
 */

export const SCARD_SCOPE_SYSTEM = 2

export const SCARD_SHARE_EXCLUSIVE = 1
export const SCARD_SHARE_SHARED = 2

export const SCARD_PROTOCOL_T0 = 1
export const SCARD_PROTOCOL_T1 = 2

export const SCARD_LEAVE_CARD = 0
export const SCARD_RESET_CARD = 1
export const SCARD_UNPOWER_CARD = 2
export const SCARD_EJECT_CARD = 3

export const SCARD_STATE_UNAWARE = 0x0000
export const SCARD_STATE_IGNORE = 0x0001
export const SCARD_STATE_CHANGED = 0x0002
export const SCARD_STATE_UNKNOWN = 0x0004
export const SCARD_STATE_UNAVAILABLE = 0x0008
export const SCARD_STATE_EMPTY = 0x0010
export const SCARD_STATE_PRESENT = 0x0020
export const SCARD_STATE_EXCLUSIVE = 0x0080
export const SCARD_STATE_MUTE = 0x0200

/** The name under which SCardGetStatusChange reports that a reader came or went. */
export const PNP_NOTIFICATION = '\\\\?PnP?\\Notification'

/** The longest answer: an extended APDU's data, lengths and status (`MAX_BUFFER_SIZE_EXTENDED`). pcscd refuses a larger buffer. */
export const MAX_BUFFER_SIZE_EXTENDED = 4 + 3 + 65536 + 3 + 2
