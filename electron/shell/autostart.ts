/**
 * Starting when the user of this computer logs in. Linux desktops read a file (Desktop Application Autostart Specification 0.5);
 * Windows and macOS have a list that Electron writes.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'

/** What is called: the program, then its arguments. */
export type CommandLine = readonly [program: string, ...rest: readonly string[]]

/** The part of Electron's `app` that has to do with it. */
export interface LoginItems {
  getLoginItemSettings(): { readonly openAtLogin: boolean }
  setLoginItemSettings(settings: { readonly openAtLogin: boolean; readonly path?: string; readonly args?: string[] }): void
}

/** Told from a file that somebody else has put there under the same name. */
const OURS = 'X-Tessera-Autostart=true'

export function autostartFile(environment: NodeJS.ProcessEnv): string {
  // XDG Base Directory Specification: a relative path there is to be ignored.
  const { XDG_CONFIG_HOME } = environment
  const folder = XDG_CONFIG_HOME !== undefined && isAbsolute(XDG_CONFIG_HOME) ? XDG_CONFIG_HOME : join(homedir(), '.config')
  return join(folder, 'autostart', 'tessera.desktop')
}

/** Desktop Entry Specification 1.5. */
export function desktopEntry(command: CommandLine): string {
  return [
    '[Desktop Entry]',
    'Type=Application',
    'Name=Tessera',
    `Exec=${command.map(argument).join(' ')}`,
    'Terminal=false',
    OURS,
    '',
  ].join('\n')
}

/**
 * One argument of Exec: quoted, with the signs that a shell would take escaped, and per cent signs doubled because they begin field
 * codes (section "The Exec key"); the backslashes of that count double in the file (section "Possible value types").
 */
function argument(text: string): string {
  return `"${text
    .replace(/["`$\\]/g, '\\$&')
    .replace(/\\/g, '\\\\')
    .replace(/%/g, '%%')}"`
}

/** Writes or removes the file where it is not yet as wanted. Throws as node:fs does. */
export function applyAutostartFile(file: string, wanted: boolean, command: CommandLine): void {
  const present = read(file)
  if (wanted) {
    const entry = desktopEntry(command)
    if (present === entry) return
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    writeFileSync(file, entry, { mode: 0o644 })
  } else if (present?.includes(OURS)) rmSync(file, { force: true })
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Where the system keeps a list of its own. */
export function applyLoginItem(items: LoginItems, wanted: boolean, [program, ...rest]: CommandLine): void {
  if (items.getLoginItemSettings().openAtLogin === wanted) return
  items.setLoginItemSettings({ openAtLogin: wanted, path: program, args: [...rest] })
}

/** An AppImage is mounted somewhere else each time: what stays is the file that the user started. */
export function ownCommand(
  environment: NodeJS.ProcessEnv,
  application: { readonly program: string; readonly folder: string; readonly isPackaged: boolean },
): CommandLine {
  const { APPIMAGE } = environment
  if (APPIMAGE !== undefined && isAbsolute(APPIMAGE)) return [APPIMAGE]
  return application.isPackaged ? [application.program] : [application.program, application.folder]
}
