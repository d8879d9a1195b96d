/**
 * The managed policy: settings that an administrator fixes for every user of a machine, in a file that only an administrator
 * can write. It goes before the environment and the user's own file.
 *
 * The environment belongs to the user. Where the machine has a policy of its own, nothing in the environment points elsewhere;
 * where it has none, TESSERA_POLICY may name one, which then gives no more than the other variables do (docs/decisions/settings.md).
 */
import { closeSync, fstatSync, openSync, readFileSync, type Stats, statSync } from 'node:fs'
import { dirname, win32 } from 'node:path'
import { SettingsError } from './errors.ts'

export interface PolicyFile {
  readonly path: string
  readonly content: string
}

export interface PolicyPlaces {
  /** Looked at in this order; the first that is there counts. */
  readonly ofMachine: readonly string[]
  /** Counts only where the machine has none. */
  readonly ofEnvironment?: string
}

/** The user that may write a policy beside root, of a POSIX system; undefined where files have no such owner. */
export interface PolicyOwner {
  readonly root: number
  readonly user: number
}

export function policyPlaces(environment: NodeJS.ProcessEnv, platform: NodeJS.Platform = process.platform): PolicyPlaces {
  const named = environment.TESSERA_POLICY
  const ofEnvironment = named === undefined || named === '' ? {} : { ofEnvironment: named }
  return { ofMachine: ofMachine(environment, platform), ...ofEnvironment }
}

function ofMachine(environment: NodeJS.ProcessEnv, platform: NodeJS.Platform): readonly string[] {
  switch (platform) {
    case 'win32': {
      // The usual place first: %ProgramData% can be set by the user who is to be governed.
      const usual = win32.join('C:\\ProgramData', 'Tessera', 'policy.json')
      const { ProgramData } = environment
      return ProgramData === undefined || ProgramData === ''
        ? [usual]
        : [usual, win32.join(ProgramData, 'Tessera', 'policy.json')]
    }
    case 'darwin':
      return ['/Library/Application Support/Tessera/policy.json']
    default:
      return ['/etc/tessera/policy.json']
  }
}

const ownUser = (): PolicyOwner | undefined => {
  const user = process.getuid?.()
  return user === undefined ? undefined : { root: 0, user }
}

/**
 * Undefined where there is no policy. Throws a SettingsError where one is there that cannot be read, or that others could have
 * written: a desk that was to be governed must not run ungoverned.
 * @param owner for tests
 */
export function readPolicy({ ofMachine, ofEnvironment }: PolicyPlaces, owner = ownUser()): PolicyFile | undefined {
  for (const path of ofMachine) {
    const content = readProtected(path, owner && [owner.root])
    if (content !== undefined) return { path, content }
  }
  if (ofEnvironment === undefined) return undefined
  const content = readProtected(ofEnvironment, owner && [owner.root, owner.user])
  // Somebody meant a policy to be there.
  if (content === undefined) throw new SettingsError('unreadable', ofEnvironment, 'TESSERA_POLICY', 'there is no such file')
  return { path: ofEnvironment, content }
}

/** Undefined where there is no such file. What is checked and what is read is one and the same open file. */
function readProtected(path: string, owners: readonly number[] | undefined): string | undefined {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new SettingsError('unreadable', path, undefined, 'the policy cannot be read', { cause })
  }
  try {
    if (owners !== undefined) {
      demandProtection(path, fstatSync(file), owners)
      demandProtection(dirname(path), statSync(dirname(path)), owners)
    }
    return readFileSync(file, 'utf8')
  } catch (cause) {
    if (cause instanceof SettingsError) throw cause
    throw new SettingsError('unreadable', path, undefined, 'the policy cannot be read', { cause })
  } finally {
    closeSync(file)
  }
}

/** Write permission of group and others (POSIX file mode bits). */
const OTHERS_WRITE = 0o022

function demandProtection(path: string, { uid, mode }: Stats, owners: readonly number[]): void {
  if (!owners.includes(uid)) {
    throw new SettingsError('not-protected', path, undefined, 'a policy and its folder must belong to the administrator (root)')
  }
  if ((mode & OTHERS_WRITE) !== 0) {
    throw new SettingsError(
      'not-protected',
      path,
      undefined,
      'a policy and its folder must not be writable by others (chmod go-w)',
    )
  }
}
