/**
 * Simulated cards for trials and training: each card is a file of its own, so that it is the same card tomorrow. They are put
 * in and pulled by intents of the window, where a banner says what they are.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import type { Readers } from '../../native/reader.ts'
import { VirtualCard } from '../../native/virtual-card/card.ts'
import { createSimulatedReaders } from '../../native/virtual-card/simulated-readers.ts'
import { blankCard, FIRST_SIMULATED_SERIAL } from '../../native/virtual-card/state.ts'
import { type CardStorage, fileStorage } from '../../native/virtual-card/storage.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import type { SimulatedCardView, SimulationView } from '../contract/snapshot.ts'
import type { SimulationCommand } from '../terminal/state.ts'

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
  perform(command: SimulationCommand): void
  /** Whose card is in that reader, as a ceremony has learned. */
  holderSeen(reader: string, name: string): void
}

interface Card {
  readonly id: string
  readonly card: VirtualCard
  readonly storage: CardStorage
}

const holdersSchema = v.record(v.string(), v.string())

/** The cards of `folder`; it is made where it is missing. Throws where it cannot be. */
export function createSimulation(options: SimulationOptions): Simulation {
  const { folder, crypto } = options
  const holdersFile = join(folder, 'holders')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const cards = new Map<string, Card>()
  const inserted = new Map<string, string>()
  const listeners = new Set<() => void>()
  const readers = createSimulatedReaders({ names: SIMULATED_READERS })
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
    const card = { id, storage, card: new VirtualCard({ crypto, storage }) }
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

  function newCard(): void {
    const serials = readdirSync(folder).map((file) => Number(/^(\d{1,10})\.json$/.exec(file)?.[1] ?? 0))
    load(Math.max(FIRST_SIMULATED_SERIAL, ...serials.map((serial) => serial + 1)))
  }

  function changed(): void {
    for (const listener of [...listeners]) listener()
  }

  function cardView({ id, storage }: Card): SimulatedCardView {
    const state = storage.load().objects.has(CERTIFICATE_OBJECT) ? 'registered' : 'blank'
    const holder = holders.get(id)
    const number = Number(id) - FIRST_SIMULATED_SERIAL + 1
    return {
      id,
      label: number > 0 ? `Card ${number}` : `Card ${id}`,
      state,
      ...(holder === undefined || state === 'blank' ? {} : { holder }),
    }
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
          for (const [reader, id] of inserted) if (id === found.id || reader === command.reader) inserted.delete(reader)
          inserted.set(command.reader, found.id)
          readers.insert(command.reader, found.card)
          break
        }
        case 'simulate-remove':
          if (!isReader(command.reader)) return
          inserted.delete(command.reader)
          readers.remove(command.reader)
          break
        default:
          command satisfies never
      }
      changed()
    },
    holderSeen(reader, name) {
      const id = inserted.get(reader)
      if (id === undefined || holders.get(id) === name) return
      holders.set(id, name)
      writeFileSync(holdersFile, JSON.stringify(Object.fromEntries(holders)), { mode: 0o600 })
      changed()
    },
  }
}

function isReader(name: string): name is (typeof SIMULATED_READERS)[number] {
  return (SIMULATED_READERS as readonly string[]).includes(name)
}
