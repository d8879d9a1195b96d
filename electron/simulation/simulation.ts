/**
 * Simulated cards for trials and training: each card is a file of its own, so that it is the same card tomorrow. They are put
 * in and pulled by intents of the window, where a banner says what they are.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import type { Readers } from '../../native/reader.ts'
import { VirtualCard } from '../../native/virtual-card/card.ts'
import { SimulatedPad } from '../../native/virtual-card/simulated-pad.ts'
import { createSimulatedReaders } from '../../native/virtual-card/simulated-readers.ts'
import { blankCard, FIRST_SIMULATED_SERIAL } from '../../native/virtual-card/state.ts'
import { type CardStorage, fileStorage } from '../../native/virtual-card/storage.ts'
import { utf8 } from '../../protocol/bytes.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import type { SimulatedCardView, SimulationView, Snapshot } from '../contract/snapshot.ts'
import { type Mishap, PRACTICE_PIN } from '../contract/training.ts'
import type { SimulationCommand } from '../terminal/state.ts'
import { countersOf, delayOf, howInserted, isPullMoment } from './mishaps.ts'

/** The certificate for PIV authentication (NIST SP 800-73-5 part 1 section 3.1.3): a card that has it was registered. */
const CERTIFICATE_OBJECT = 0x5fc105

export const SIMULATED_READERS = ['Simulated reader 1', 'Simulated reader 2'] as const

export interface SimulationOptions {
  readonly folder: string
  readonly crypto: Crypto
  /** A card's file that cannot be read: told once, the card is left out. */
  readonly onDamaged: (file: string) => void
}

export interface Simulation {
  readonly readers: Readers
  view(): SimulationView
  /** Called at each change of the cards. Returns the way to stop. */
  subscribe(listener: () => void): () => void
  /** A command that names a card or a reader that does not exist does nothing. */
  perform(command: CardCommand): void
  /** Pulls the card whose moment has come. */
  follow(snapshot: Snapshot): void
  /** A card that exercises use again and again; undefined before there is one. */
  practiceCard(): PracticeCard | undefined
  /** Makes a new card and has `register` put a person on it, in a reader that nobody else sees; it is kept where that succeeds. */
  newPracticeCard(register: (readers: Readers, reader: string) => Promise<string>): Promise<PracticeCard>
  /** The next exercise needs another one. */
  dropPracticeCard(): void
  /** A card that nobody has registered; a new one where there is none. */
  blankCard(): string
  /** Which cards the exercise is about, for the view. */
  showParts(parts: ReadonlyMap<string, 'person' | 'other'>): void
  /** Whose card is in that reader, as a ceremony has learned. */
  holderSeen(reader: string, name: string): void
}

export type CardCommand = Extract<
  SimulationCommand,
  {
    kind:
      | 'simulate-new-card'
      | 'simulate-insert'
      | 'simulate-remove'
      | 'simulate-mishap'
      | 'simulate-pin-pad'
      | 'simulate-pad-key'
  }
>

export interface PracticeCard {
  readonly id: string
  /** As it is handed out: the PIN that is known to all, all tries, nothing that goes wrong. */
  restore(): void
}

interface Card {
  readonly id: string
  readonly card: VirtualCard
  readonly storage: CardStorage
  mishap: Mishap
}

const PRACTICE_READER = 'Practice'

const holdersSchema = v.record(v.string(), v.string())

/** The cards of `folder`; it is made where it is missing. Throws where it cannot be. */
export function createSimulation(options: SimulationOptions): Simulation {
  const { folder, crypto } = options
  const holdersFile = join(folder, 'holders')
  const practiceFile = join(folder, 'practice')
  let parts: ReadonlyMap<string, 'person' | 'other'> = new Map()
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const cards = new Map<string, Card>()
  const inserted = new Map<string, string>()
  const listeners = new Set<() => void>()
  const readers = createSimulatedReaders({ names: SIMULATED_READERS })
  let hasPad = false
  const pads = new Map(SIMULATED_READERS.map((name) => [name, new SimulatedPad(changed)] as const))
  const holders = new Map(Object.entries(readHolders()))

  function readHolders(): Record<string, string> {
    try {
      return v.parse(holdersSchema, JSON.parse(readFileSync(holdersFile, 'utf8')))
    } catch {
      // Names on a list of training cards: without them the list only says less.
      return {}
    }
  }

  function load(serial: number): Card {
    const id = String(serial)
    const storage = fileStorage(join(folder, `${id}.json`), () => blankCard({ serial }))
    const card: Card = { id, storage, card: new VirtualCard({ crypto, storage }), mishap: 'none' }
    cards.set(id, card)
    return card
  }

  function loadAll(): void {
    for (const file of readdirSync(folder).sort()) {
      const serial = /^(\d{1,10})\.json$/.exec(file)?.[1]
      if (serial === undefined) continue
      try {
        load(Number(serial))
      } catch {
        options.onDamaged(file)
      }
    }
  }

  function newCard(): Card {
    const serials = readdirSync(folder).map((file) => Number(/^(\d{1,10})\.json$/.exec(file)?.[1] ?? 0))
    return load(Math.max(FIRST_SIMULATED_SERIAL, ...serials.map((serial) => serial + 1)))
  }

  function changed(): void {
    for (const listener of [...listeners]) listener()
  }

  function stateOf({ storage }: Card): SimulatedCardView['state'] {
    return storage.load().objects.has(CERTIFICATE_OBJECT) ? 'registered' : 'blank'
  }

  function insert(card: Card, reader: string): void {
    for (const [other, id] of [...inserted]) if (id === card.id || other === reader) inserted.delete(other)
    inserted.set(reader, card.id)
    readers.setDelay(reader, delayOf(card.mishap))
    readers.insert(reader, card.card, howInserted(card.mishap))
  }

  function setMishap(card: Card, mishap: Mishap): void {
    const was = howInserted(card.mishap)
    card.mishap = mishap
    const counters = countersOf(mishap, card.storage.load())
    if (counters !== undefined) card.card.tamper(() => counters)
    for (const [reader, id] of [...inserted]) {
      if (id !== card.id) continue
      // How a card sits in its reader shows when it is put in.
      if (howInserted(mishap) !== was) {
        readers.remove(reader)
        insert(card, reader)
      } else readers.setDelay(reader, delayOf(mishap))
    }
  }

  function pull(reader: string): void {
    inserted.delete(reader)
    readers.remove(reader)
  }

  function practice(card: Card): PracticeCard {
    return {
      id: card.id,
      restore() {
        for (const [reader, id] of [...inserted]) if (id === card.id) pull(reader)
        setMishap(card, 'none')
        card.card.tamper(({ pin }) => ({ pin: { ...pin, value: padPin(utf8(PRACTICE_PIN)), retriesLeft: pin.retriesTotal } }))
        changed()
      },
    }
  }

  function cardView(card: Card): SimulatedCardView {
    const { id, mishap } = card
    const state = stateOf(card)
    const part = parts.get(id)
    const holder = holders.get(id)
    const number = Number(id) - FIRST_SIMULATED_SERIAL + 1
    return {
      id,
      label: number > 0 ? `Card ${number}` : `Card ${id}`,
      state,
      ...(number > 0 ? { number } : {}),
      ...(mishap === 'none' ? {} : { mishap }),
      ...(part === undefined ? {} : { part }),
      ...(holder === undefined || state === 'blank' ? {} : { holder }),
    }
  }

  function padView(): NonNullable<SimulationView['pinPad']> {
    const waiting = [...pads.values()].find((pad) => pad.shown !== undefined)
    const { shown, asks } = waiting ?? {}
    return { ...(shown !== undefined && { shown }), ...(asks && { asks }) }
  }

  loadAll()

  return {
    readers,
    view: () => ({
      readers: SIMULATED_READERS.map((name) => {
        const card = inserted.get(name)
        return card === undefined ? { name } : { name, card }
      }),
      cards: [...cards.values()].map(cardView),
      ...(hasPad ? { pinPad: padView() } : {}),
    }),
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    perform(command) {
      switch (command.kind) {
        case 'simulate-new-card':
          newCard()
          break
        case 'simulate-insert': {
          const found = cards.get(command.card)
          if (found === undefined || !isReader(command.reader)) return
          insert(found, command.reader)
          break
        }
        case 'simulate-remove':
          if (!isReader(command.reader)) return
          pull(command.reader)
          break
        case 'simulate-mishap': {
          const found = cards.get(command.card)
          if (found === undefined) return
          setMishap(found, command.mishap)
          break
        }
        case 'simulate-pin-pad':
          hasPad = command.present
          for (const name of SIMULATED_READERS) readers.setPad(name, hasPad ? pads.get(name) : undefined)
          break
        case 'simulate-pad-key':
          for (const pad of pads.values()) pad.press(command.key)
          return
        default:
          command satisfies never
      }
      changed()
    },
    follow(snapshot) {
      for (const [reader, id] of [...inserted]) {
        const card = cards.get(id)
        if (card === undefined || !isPullMoment(card.mishap, snapshot) || !readers.isConnected(reader)) continue
        card.mishap = 'none'
        pull(reader)
        changed()
      }
    },
    practiceCard() {
      const card = cards.get(readText(practiceFile)?.trim() ?? '')
      return card && practice(card)
    },
    async newPracticeCard(register) {
      const card = newCard()
      const hidden = createSimulatedReaders({ names: [PRACTICE_READER] })
      try {
        hidden.insert(PRACTICE_READER, card.card)
        holders.set(card.id, await register(hidden, PRACTICE_READER))
        writePrivate(holdersFile, JSON.stringify(Object.fromEntries(holders)))
        writePrivate(practiceFile, card.id)
      } finally {
        await hidden.close()
        changed()
      }
      return practice(card)
    },
    dropPracticeCard: () => rmSync(practiceFile, { force: true }),
    blankCard() {
      const inReaders = new Set(inserted.values())
      const found = [...cards.values()].find((card) => stateOf(card) === 'blank' && !inReaders.has(card.id))
      const card = found ?? newCard()
      setMishap(card, 'none')
      changed()
      return card.id
    },
    showParts(shown) {
      parts = shown
      changed()
    },
    holderSeen(reader, name) {
      const id = inserted.get(reader)
      if (id === undefined || holders.get(id) === name) return
      holders.set(id, name)
      writePrivate(holdersFile, JSON.stringify(Object.fromEntries(holders)))
      changed()
    },
  }
}

/** Undefined where there is none. */
function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

function writePrivate(file: string, text: string): void {
  writeFileSync(file, text, { mode: 0o600 })
}

/** 8 bytes, padded with FF (NIST SP 800-73-5 part 2 section 2.4.3). */
function padPin(digits: Uint8Array): Uint8Array {
  const padded = new Uint8Array(8).fill(0xff)
  padded.set(digits)
  return padded
}

function isReader(name: string): name is (typeof SIMULATED_READERS)[number] {
  return (SIMULATED_READERS as readonly string[]).includes(name)
}
