/**
 * A batch: people, and what has become of each. Pure: every step gives the next batch, which electron/batch/batch-file.ts keeps
 * before anything else happens, so that whatever ends the program, the batch goes on where it was.
 */
import type { BatchPerson } from '../contract/batch.ts'
import type { ProblemCode } from '../contract/problems.ts'

/** A registration that the gateway has begun for somebody, and of which nobody has seen the end. Hexadecimal. */
export interface OpenRegistration {
  readonly registration: string
  readonly guid: string
}

export type MemberState =
  | { readonly kind: 'waiting' }
  /** A card is being made; found after a start, the program was ended meanwhile. */
  | { readonly kind: 'running'; readonly open?: OpenRegistration; readonly since: number }
  /** `ms` is absent where the program was ended before it had seen the end. */
  | { readonly kind: 'done'; readonly guid: string; readonly at: number; readonly ms?: number }
  | { readonly kind: 'failed'; readonly code: ProblemCode; readonly open?: OpenRegistration }
  | { readonly kind: 'skipped'; readonly code?: ProblemCode }

export interface Member {
  readonly person: BatchPerson
  readonly state: MemberState
  /**
   * The initial PIN, ASCII digits, from the moment before the first card until the slip has been printed. The same for every try,
   * so that it is right whichever try turns out to have been the last.
   */
  readonly pin?: string
}

export interface Batch {
  /** Milliseconds since 1970. */
  readonly begunAt: number
  readonly sound: boolean
  readonly members: readonly Member[]
}

export function newBatch(people: readonly BatchPerson[], begunAt: number): Batch {
  return joined({ begunAt, sound: true, members: [] }, people)
}

export function joined(batch: Batch, people: readonly BatchPerson[]): Batch {
  return { ...batch, members: [...batch.members, ...people.map((person): Member => ({ person, state: { kind: 'waiting' } }))] }
}

const isLeft = ({ state }: Member): boolean => state.kind === 'waiting' || state.kind === 'running' || state.kind === 'failed'

/** Whose card is next: the first, in the file's order, who has none and was not skipped; undefined once nobody is left. */
export function nextMember({ members }: Batch): number | undefined {
  const found = members.findIndex(isLeft)
  return found < 0 ? undefined : found
}

export function withMember(batch: Batch, at: number, change: (member: Member) => Member): Batch {
  return { ...batch, members: batch.members.map((member, index) => (index === at ? change(member) : member)) }
}

export function withState(batch: Batch, at: number, state: MemberState): Batch {
  return withMember(batch, at, (member) => ({ ...member, state }))
}

/** The registration of that member whose end is not known. */
export function openOf({ state }: Member): OpenRegistration | undefined {
  return state.kind === 'running' || state.kind === 'failed' ? state.open : undefined
}

/** A try that did not come to its end; what it began stays known. */
export function failure(member: Member, code: ProblemCode): MemberState {
  const open = openOf(member)
  return member.state.kind === 'done' ? member.state : { kind: 'failed', code, ...(open && { open }) }
}

/** What a skipped member leaves: a PIN that no card has got. */
export function skipped(batch: Batch, at: number, code: ProblemCode | undefined): Batch {
  return withMember(batch, at, ({ person }) => ({ person, state: { kind: 'skipped', ...(code && { code }) } }))
}

/** What went wrong with that member's card last, if anything. */
export function failureCode({ state }: Member): ProblemCode | undefined {
  return state.kind === 'failed' ? state.code : undefined
}

export function takenUp(batch: Batch): Batch {
  const members = batch.members.map(
    (member): Member => (member.state.kind === 'skipped' ? { person: member.person, state: { kind: 'waiting' } } : member),
  )
  return { ...batch, members }
}

/** Those whose card is ready and whose slip has not been printed. */
export function unprinted({ members }: Batch): readonly (Member & { readonly pin: string; readonly state: Done })[] {
  return members.filter((member): member is Member & { pin: string; state: Done } => {
    return member.state.kind === 'done' && member.pin !== undefined
  })
}

type Done = Extract<MemberState, { kind: 'done' }>

/** Forgets the PINs of these members. */
export function printed(batch: Batch, slips: readonly Member[]): Batch {
  const gone = new Set(slips.map(({ person }) => person.reference))
  const members = batch.members.map((member): Member => {
    if (member.state.kind !== 'done' || !gone.has(member.person.reference)) return member
    return { person: member.person, state: member.state }
  })
  return { ...batch, members }
}

export interface Counts {
  readonly total: number
  readonly done: number
  readonly skipped: number
  readonly left: number
}

export function countsOf(batch: Batch): Counts {
  const { members } = batch
  const of = (kind: MemberState['kind']) => members.filter(({ state }) => state.kind === kind).length
  return { total: members.length, done: of('done'), skipped: of('skipped'), left: members.filter(isLeft).length }
}
