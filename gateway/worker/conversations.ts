/**
 * The conversations of one worker, by the connection identifier that the worker chose (C_R). Nothing here grows without
 * bound, whatever a stranger sends: a handshake lives 10 s, of those there are at most 2048 and 8 for each name that a
 * message_1 claims, the oldest goes first; an open channel goes when it was silent for a day, or when its terminal makes
 * a new one.
 */
import type { Party } from '../../native/conversation/handshake.ts'
import { toHex, wipe } from '../../protocol/bytes.ts'
import type { SentMessage2 } from '../../protocol/edhoc/responder.ts'
import type { Device } from './device.ts'

export interface Handshake {
  readonly cI: Uint8Array
  readonly cR: Uint8Array
  /** Who message_1 claims to be: where answers go. */
  readonly from: Party
  readonly expiresAt: number
  state:
    | { readonly kind: 'begun'; readonly sent: SentMessage2 }
    /** message_3 is being verified, or was refused: it is taken once. */
    | { readonly kind: 'spent' }
    /** An enrolment is over; the same message_3 gets the same message_4 again. */
    | { readonly kind: 'enrolled'; readonly message3: Uint8Array; readonly message4: Uint8Array }
}

export const HANDSHAKE_MS = 10_000
const MAX_HANDSHAKES = 2048
const MAX_HANDSHAKES_OF_ONE = 8
const IDLE_MS = 24 * 60 * 60 * 1000
const MAX_DEVICES = 200_000

export class Conversations {
  /** Told of each handshake that was left half way. */
  readonly #abandoned: (handshake: Handshake) => void
  /** In the order in which they began, which is the order in which they end. */
  readonly #handshakes = new Map<string, Handshake>()
  readonly #handshakesOf = new Map<string, Set<string>>()
  /** In the order in which they were heard last. */
  readonly #devices = new Map<string, Device>()
  readonly #deviceOf = new Map<string, Device>()

  constructor(abandoned: (handshake: Handshake) => void) {
    this.#abandoned = abandoned
  }

  handshake(cR: Uint8Array): Handshake | undefined {
    return this.#handshakes.get(toHex(cR))
  }

  /** The open channel, which counts as heard now. */
  device(cR: Uint8Array, now: number): Device | undefined {
    const key = toHex(cR)
    const device = this.#devices.get(key)
    if (device === undefined) return undefined
    device.heardAt = now
    this.#devices.delete(key)
    this.#devices.set(key, device)
    return device
  }

  addHandshake(handshake: Handshake): void {
    const own = this.#handshakesOf.get(handshake.from.id) ?? new Set()
    const oldestOfOne = own.size >= MAX_HANDSHAKES_OF_ONE ? first(own) : undefined
    if (oldestOfOne !== undefined) this.#abandon(oldestOfOne)
    const oldest = this.#handshakes.size >= MAX_HANDSHAKES ? first(this.#handshakes.keys()) : undefined
    if (oldest !== undefined) this.#abandon(oldest)
    const key = toHex(handshake.cR)
    this.#handshakes.set(key, handshake)
    own.add(key)
    this.#handshakesOf.set(handshake.from.id, own)
  }

  /** The handshake is over: its channel takes its place, and that of the terminal's channel before. */
  open(device: Device): void {
    this.#removeHandshake(toHex(device.cR))
    const before = this.#deviceOf.get(device.terminal)
    if (before !== undefined) this.closeDevice(before)
    const oldest = this.#devices.size >= MAX_DEVICES ? this.#devices.values().next().value : undefined
    if (oldest !== undefined) this.closeDevice(oldest)
    this.#devices.set(toHex(device.cR), device)
    this.#deviceOf.set(device.terminal, device)
  }

  closeDevice(device: Device): void {
    this.#devices.delete(toHex(device.cR))
    if (this.#deviceOf.get(device.terminal) === device) this.#deviceOf.delete(device.terminal)
    device.channel.close()
    for (const { key } of device.authentications.values()) wipe(key)
  }

  /** Forgets what is over. */
  sweep(now: number): void {
    for (const [key, handshake] of this.#handshakes) {
      if (handshake.expiresAt > now) break
      this.#abandon(key)
    }
    for (const device of this.#devices.values()) {
      if (device.heardAt + IDLE_MS > now) break
      this.closeDevice(device)
    }
  }

  sizes(): { readonly handshakes: number; readonly devices: number } {
    return { handshakes: this.#handshakes.size, devices: this.#devices.size }
  }

  closeAll(): void {
    for (const device of [...this.#devices.values()]) this.closeDevice(device)
    this.#handshakes.clear()
    this.#handshakesOf.clear()
  }

  #abandon(key: string): void {
    const handshake = this.#handshakes.get(key)
    if (handshake?.state.kind === 'begun') this.#abandoned(handshake)
    this.#removeHandshake(key)
  }

  #removeHandshake(key: string): void {
    const handshake = this.#handshakes.get(key)
    if (handshake === undefined) return
    this.#handshakes.delete(key)
    const own = this.#handshakesOf.get(handshake.from.id)
    own?.delete(key)
    if (own?.size === 0) this.#handshakesOf.delete(handshake.from.id)
  }
}

function first(keys: Iterable<string>): string | undefined {
  for (const key of keys) return key
  return undefined
}
