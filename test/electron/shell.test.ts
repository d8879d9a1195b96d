/** What Tessera is outside of its window: when it speaks up, what its icon says, how it starts by itself. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SHELL_STATES } from '../../electron/contract/shell.ts'
import type { Page, Snapshot } from '../../electron/contract/snapshot.ts'
import { applyAutostartFile, applyLoginItem, autostartFile, desktopEntry, ownCommand } from '../../electron/shell/autostart.ts'
import { newsBetween, shellState } from '../../electron/shell/shell-state.ts'
import { drawTrayIcon } from '../../electron/shell/tray-icon.ts'
import { createDesk } from './terminal-desk.ts'

const BASE = createDesk().terminal.snapshot()
const online = { kind: 'online', site: 'Harbour Street', since: 1 } as const
const blocked: Page = { kind: 'blocked', block: { cause: 'card', code: 'card-blocked', canUnblock: true } }
const with_ = (change: Partial<Snapshot>): Snapshot => ({ ...BASE, gateway: online, page: { kind: 'idle' }, ...change })
const readers = (state: 'empty' | 'card' | 'in-use' | 'mute'): Snapshot['readers'] => ({
  readers: [{ name: 'A', simulated: false, state }],
  desk: [],
})

describe('the state in the tray', () => {
  test.each([
    ['online', with_({})],
    ['online', with_({ readers: readers('mute') })],
    ['card', with_({ readers: readers('card') })],
    ['card', with_({ readers: readers('in-use') })],
    ['offline', with_({ gateway: { kind: 'connecting' }, readers: readers('card') })],
    ['offline', with_({ gateway: { kind: 'not-enrolled' } })],
    ['blocked', with_({ page: blocked, gateway: { kind: 'connecting' } })],
  ] as const)('is %s: the gravest counts', (state, snapshot) => {
    expect(shellState(snapshot)).toBe(state)
  })

  test('has an icon of its own, which differs in shape and not only in colour', () => {
    for (const size of [16, 32]) {
      const shapes = SHELL_STATES.map((state) => {
        const icon = drawTrayIcon(state, size)
        expect(icon.length).toBe(size * size * 4)
        // Corners are empty, the card is drawn, and no colour is brighter than its opacity allows.
        expect(icon[3]).toBe(0)
        expect(icon.some((value, index) => index % 4 === 3 && value === 255)).toBe(true)
        for (let at = 0; at < icon.length; at += 4) {
          for (let channel = 0; channel < 3; channel += 1) expect(icon[at + channel]).toBeLessThanOrEqual((icon[at + 3] ?? 0) + 1)
        }
        // White against the rest: the sign's shape.
        return Array.from(
          { length: size * size },
          (_, pixel) => Math.min(...icon.subarray(pixel * 4, pixel * 4 + 3)) > 200,
        ).join()
      })
      expect(new Set(shapes).size).toBe(SHELL_STATES.length)
    }
  })
})

describe('news', () => {
  test('is a block when its page appears, not while it stands', () => {
    expect(newsBetween(with_({}), with_({ page: blocked }))).toEqual(['block'])
    expect(newsBetween(with_({ page: blocked }), with_({ page: blocked }))).toEqual([])
  })

  test('is a finding when there are more, not when a supervisor has looked', () => {
    expect(newsBetween(with_({}), with_({ newFindings: 1 }))).toEqual(['finding'])
    expect(newsBetween(with_({ newFindings: 1 }), with_({ newFindings: 3 }))).toEqual(['finding'])
    expect(newsBetween(with_({ newFindings: 3 }), with_({}))).toEqual([])
  })
})

describe('starting by itself', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tessera-autostart-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  test('on Linux is a file in the user’s autostart folder, written once and removed', () => {
    const file = autostartFile({ XDG_CONFIG_HOME: folder })
    expect(file).toBe(join(folder, 'autostart', 'tessera.desktop'))
    applyAutostartFile(file, true, ['/opt/Tessera/tessera'])
    expect(readFileSync(file, 'utf8')).toBe(
      '[Desktop Entry]\nType=Application\nName=Tessera\nExec="/opt/Tessera/tessera"\nTerminal=false\nX-Tessera-Autostart=true\n',
    )
    applyAutostartFile(file, true, ['/opt/other/tessera'])
    expect(readFileSync(file, 'utf8')).toContain('/opt/other/tessera')
    applyAutostartFile(file, false, ['/opt/other/tessera'])
    expect(existsSync(file)).toBe(false)
    applyAutostartFile(file, false, ['/opt/other/tessera'])
  })

  test('leaves a file of somebody else’s making alone', () => {
    const file = autostartFile({ XDG_CONFIG_HOME: folder })
    mkdirSync(dirname(file))
    writeFileSync(file, '[Desktop Entry]\nExec=mine\n')
    applyAutostartFile(file, false, ['/opt/Tessera/tessera'])
    expect(readFileSync(file, 'utf8')).toContain('mine')
  })

  test('a relative XDG_CONFIG_HOME is ignored', () => {
    expect(autostartFile({ XDG_CONFIG_HOME: 'here' })).toBe(join(homedir(), '.config', 'autostart', 'tessera.desktop'))
  })

  test('whatever a path holds comes out of the entry as it went in', () => {
    // As a desktop reads it: the escapes of the file, the quotes, the field codes.
    const readBack = (entry: string): string => {
      const [, exec = ''] = /^Exec=(.*)$/m.exec(entry) ?? []
      const unescaped = exec.replace(/\\\\/g, '\\')
      return unescaped
        .slice(1, -1)
        .replace(/\\(["`$\\])/g, '$1')
        .replace(/%%/g, '%')
    }
    expect(desktopEntry(['/a "b" $c/`d`\\e/100%'])).toContain('Exec="/a \\\\"b\\\\" \\\\$c/\\\\`d\\\\`\\\\\\\\e/100%%"')
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }).filter((text) => !/[\r\n\u2028\u2029]/.test(text)),
        (path) => {
          expect(readBack(desktopEntry([path]))).toBe(path)
        },
      ),
    )
  })

  test('elsewhere is the system’s own list, asked only for a change', () => {
    const asked: unknown[] = []
    const items = (openAtLogin: boolean) => ({
      getLoginItemSettings: () => ({ openAtLogin }),
      setLoginItemSettings: (settings: unknown) => void asked.push(settings),
    })
    applyLoginItem(items(true), true, ['tessera.exe'])
    expect(asked).toEqual([])
    applyLoginItem(items(false), true, ['tessera.exe'])
    applyLoginItem(items(true), false, ['tessera.exe'])
    expect(asked).toEqual([
      { openAtLogin: true, path: 'tessera.exe', args: [] },
      { openAtLogin: false, path: 'tessera.exe', args: [] },
    ])
  })

  test('calls what the user started: the AppImage, the installed program, or Electron with the folder', () => {
    const application = { program: '/opt/tessera', folder: '/src/tessera', isPackaged: true }
    expect(ownCommand({ APPIMAGE: '/home/ada/Tessera.AppImage' }, application)).toEqual(['/home/ada/Tessera.AppImage'])
    expect(ownCommand({}, application)).toEqual(['/opt/tessera'])
    expect(ownCommand({}, { ...application, isPackaged: false })).toEqual(['/opt/tessera', '/src/tessera'])
  })
})
