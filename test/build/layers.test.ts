import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findViolations } from '../../build/layers.ts'

let root: string

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'layers-'))
})

afterEach(() => rmSync(root, { recursive: true }))

function write(file: string, text: string): void {
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true })
  writeFileSync(path.join(root, file), text)
}

/** The violations of a tree that holds one file. */
function judge(file: string, text: string): string[] {
  write(file, text)
  return findViolations(root).map(({ file: where, line, rule }) => `${where}:${line} ${rule}`)
}

describe('what a layer may import', () => {
  test.each([
    ['protocol/a.ts', "import * as v from 'valibot'"],
    ['protocol/edhoc/a.ts', "import { concat } from '../bytes.ts'"],
    ['native/crypto.ts', "import { createHash } from 'node:crypto'\nimport type { Crypto } from '../protocol/crypto.ts'"],
    ['native/virtual-card/card.ts', "import { decodeTlv } from '../../protocol/tlv.ts'"],
    ['gateway/store/sqlite.ts', "import { DatabaseSync } from 'node:sqlite'"],
    ['electron/main.ts', "import { app } from 'electron'\nimport '../native/broker.ts'"],
    ['electron/preload.ts', "import { ipcRenderer } from 'electron'\nimport './contract/channels.ts'"],
    ['renderer/main.tsx', "import { createRoot } from 'react-dom/client'\nimport type { A } from '../electron/contract/a.ts'"],
    ['test/e2e/a.test.ts', "import '../../renderer/main.tsx'\nimport 'electron'"],
  ])('%s: %s', (file, text) => {
    expect(judge(file, text)).toEqual([])
  })
})

describe('what a layer may not import is found with its file and line', () => {
  test.each([
    ['protocol/a.ts', "\nimport { createHash } from 'node:crypto'", 'protocol/a.ts:2 package'],
    ['protocol/a.ts', "import { createHash } from 'crypto'", 'protocol/a.ts:1 package'],
    ['protocol/a.ts', "import { nodeCrypto } from '../native/crypto.ts'", 'protocol/a.ts:1 layer'],
    ['protocol/a.ts', "import type { A } from '../electron/a.ts'", 'protocol/a.ts:1 layer'],
    ['protocol/a.ts', "export type A = import('../gateway/a.ts').A", 'protocol/a.ts:1 layer'],
    ['protocol/a.ts', "export * from '../native/a.ts'", 'protocol/a.ts:1 layer'],
    ['protocol/a.ts', "export { a } from '../native/a.ts'", 'protocol/a.ts:1 layer'],
    ['protocol/a.ts', "export const a = import('mqtt')", 'protocol/a.ts:1 package'],
    ['native/a.ts', "import { app } from 'electron'", 'native/a.ts:1 package'],
    ['native/a.ts', "const electron = require('electron')", 'native/a.ts:1 package'],
    ['native/virtual-card/a.ts', "import '../../protocol/piv/card.ts'", 'native/virtual-card/a.ts:1 layer'],
    ['gateway/a.ts', "import '../electron/session/a.ts'", 'gateway/a.ts:1 layer'],
    ['electron/a.ts', "import '../gateway/store.ts'", 'electron/a.ts:1 layer'],
    ['electron/contract/a.ts', "import '../session/a.ts'", 'electron/contract/a.ts:1 layer'],
    ['electron/contract/a.ts', "import { app } from 'electron'", 'electron/contract/a.ts:1 package'],
    ['electron/preload.ts', "import { readFileSync } from 'node:fs'", 'electron/preload.ts:1 package'],
    ['renderer/a.tsx', "import type { Session } from '../electron/session/a.ts'", 'renderer/a.tsx:1 layer'],
    ['renderer/a.tsx', "import { concat } from '../protocol/bytes.ts'", 'renderer/a.tsx:1 layer'],
    ['renderer/a.tsx', "import { ipcRenderer } from 'electron'", 'renderer/a.tsx:1 package'],
    ['build/a.ts', "import '../../elsewhere/a.ts'", 'build/a.ts:1 layer'],
  ])('%s: %s', (file, text, violation) => {
    expect(judge(file, text)).toEqual([violation])
  })

  test('a name that only begins like an allowed one does not pass', () => {
    expect(judge('protocol/a.ts', "import 'valibot-extras'")).toEqual(['protocol/a.ts:1 package'])
    expect(judge('native/virtual-card/a.ts', "import '../../protocol/bytes.ts.ts'")).toContain('native/virtual-card/a.ts:1 layer')
  })

  test('an import named in a comment or a string is none', () => {
    expect(judge('protocol/a.ts', "// import 'mqtt'\nexport const a = `import 'mqtt'`")).toEqual([])
  })

  test('a file in a folder that is no layer', () => {
    expect(judge('utilities/a.ts', 'export const a = 1')).toEqual(['utilities/a.ts:1 home'])
  })
})

describe('circles', () => {
  test('of three files are reported once, with the way around', () => {
    write('protocol/a.ts', "import './b.ts'")
    write('protocol/b.ts', "import './c.ts'")
    write('protocol/c.ts', "import './a.ts'")
    write('protocol/d.ts', "import './a.ts'")
    const message = 'imports run in a circle: protocol/a.ts -> protocol/b.ts -> protocol/c.ts -> protocol/a.ts'
    expect(findViolations(root)).toEqual([{ file: 'protocol/a.ts', line: 1, rule: 'cycle', message }])
  })

  test('of types alone count as well', () => {
    write('protocol/a.ts', "import type { B } from './b.ts'\nexport type A = B[]")
    write('protocol/b.ts', "import type { A } from './a.ts'\nexport type B = A[]")
    expect(findViolations(root).map((violation) => violation.rule)).toEqual(['cycle'])
  })

  test('two ways to one file are none', () => {
    write('protocol/a.ts', "import './b.ts'\nimport './c.ts'")
    write('protocol/b.ts', "import './d.ts'")
    write('protocol/c.ts', "import './d.ts'")
    write('protocol/d.ts', 'export const d = 1')
    expect(findViolations(root)).toEqual([])
  })
})
