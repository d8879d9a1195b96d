import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkNode, packagesAreCurrent } from '../../build/setup/packages.mjs'

type Locked = Record<string, { version?: string; integrity?: string; optional?: boolean }>

let root: string

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'packages-'))
  mkdirSync(path.join(root, 'node_modules'))
})

afterEach(() => rmSync(root, { recursive: true }))

const wanted: Locked = {
  '': { version: '0.1.0' },
  'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
  'node_modules/only-on-windows': { version: '1.0.0', integrity: 'sha512-w', optional: true },
}

function isCurrent(installed: Locked | string | undefined): boolean {
  writeFileSync(path.join(root, 'package-lock.json'), JSON.stringify({ packages: wanted }))
  if (installed !== undefined) {
    const text = typeof installed === 'string' ? installed : JSON.stringify({ packages: installed })
    writeFileSync(path.join(root, 'node_modules', '.package-lock.json'), text)
  }
  return packagesAreCurrent(root)
}

describe('the locked packages', () => {
  test('are current where npm installed what the lock says; a package for another platform may be absent', () => {
    expect(isCurrent({ 'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' } })).toBe(true)
  })

  test.each([
    ['npm has not finished once', undefined],
    ['npm wrote half a file', '{"packages":'],
    ['a package is absent', {}],
    ['a package has another version', { 'node_modules/a': { version: '1.0.1', integrity: 'sha512-a' } }],
    ['a package has other contents', { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-b' } }],
  ])('are not current where %s', (_, installed) => {
    expect(isCurrent(installed)).toBe(false)
  })
})

describe('the Node.js that starts the set-up', () => {
  test.each(['20.0.0', '26.10.0', '100.1.0'])('may be %s', (version) => {
    expect(() => checkNode(version)).not.toThrow()
  })

  test.each(['18.20.4', '9.1.0'])('may not be %s, and the message says what to install', (version) => {
    expect(() => checkNode(version)).toThrow(/install Node\.js 20 or newer/)
  })
})
