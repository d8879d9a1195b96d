import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { root } from '../../build/electron.ts'

/** A tree with the project's own TypeScript configurations and nothing else. */
let tree: string

beforeAll(() => {
  tree = mkdtempSync(path.join(tmpdir(), 'types-'))
  for (const name of readdirSync(root)) if (/^tsconfig.*\.json$/.test(name)) cpSync(path.join(root, name), path.join(tree, name))
  cpSync(path.join(root, 'package.json'), path.join(tree, 'package.json'))
  cpSync(path.join(root, 'build', 'types'), path.join(tree, 'build', 'types'), { recursive: true })
  symlinkSync(path.join(root, 'node_modules'), path.join(tree, 'node_modules'))
})

afterAll(() => rmSync(tree, { recursive: true }))

/** What the type check of one runtime says about one file. */
function compile(config: string, file: string, text: string): string {
  mkdirSync(path.dirname(path.join(tree, file)), { recursive: true })
  writeFileSync(path.join(tree, file), text)
  const compiler = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const { stdout } = spawnSync(process.execPath, [compiler, '--pretty', 'false', '-p', config], { cwd: tree, encoding: 'utf8' })
  rmSync(path.join(tree, file))
  return stdout.trim()
}

describe('each runtime has its own types', () => {
  test.each([
    ['tsconfig.protocol.json', 'protocol/a.ts', 'export const a = new TextEncoder().encode("a")'],
    ['tsconfig.terminal.json', 'electron/a.ts', 'export const a = Buffer.alloc(1)'],
    ['tsconfig.renderer.json', 'renderer/a.tsx', 'export const a = <p>{document.title}</p>'],
    ['tsconfig.preload.json', 'electron/preload.ts', "import { ipcRenderer } from 'electron'\nipcRenderer.send(location.href)"],
    ['tsconfig.gateway.json', 'gateway/a.ts', 'export const a = [2, 1].toSorted()'],
    ['tsconfig.json', 'test/a.ts', 'export const a = () => [document.title, Buffer.alloc(1)]'],
  ])('%s accepts what the runtime has', (config, file, text) => {
    expect(compile(config, file, text)).toBe('')
  })

  test.each([
    ['tsconfig.protocol.json', 'protocol/a.ts', 'export const a = Buffer.alloc(1)', 'protocol/a.ts(1,18): error TS2591'],
    ['tsconfig.protocol.json', 'protocol/a.ts', 'export const a = document.title', 'protocol/a.ts(1,18): error TS2584'],
    ['tsconfig.protocol.json', 'protocol/a.ts', 'export const a = [2, 1].toSorted()', 'protocol/a.ts(1,25): error TS2550'],
    ['tsconfig.terminal.json', 'electron/a.ts', 'export const a = [2, 1].toSorted()', 'electron/a.ts(1,25): error TS2550'],
    ['tsconfig.terminal.json', 'native/a.ts', 'export const a = document.title', 'native/a.ts(1,18): error TS2584'],
    ['tsconfig.renderer.json', 'renderer/a.tsx', 'export const a = Buffer.alloc(1)', 'renderer/a.tsx(1,18): error TS2591'],
    ['tsconfig.gateway.json', 'gateway/a.ts', 'export enum A { B }', 'gateway/a.ts(1,13): error TS1294'],
    ['tsconfig.gateway.json', 'gateway/a.ts', 'export const a = document.title', 'gateway/a.ts(1,18): error TS2584'],
  ])('%s refuses what it lacks: %s: %s', (config, file, text, error) => {
    expect(compile(config, file, text)).toContain(error)
  })
})
