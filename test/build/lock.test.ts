import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../../build/electron.ts'

type Entry = { version?: string; integrity?: string; resolved?: string; optionalDependencies?: Record<string, string> }

const { packages } = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as { packages: Record<string, Entry> }
const locked = Object.entries(packages).filter(([where]) => where !== '')

test('every locked package has a version and a hash, and no address', () => {
  expect(locked.length).toBeGreaterThan(100)
  const incomplete = locked.filter(([, entry]) => !entry.version || !entry.integrity || entry.resolved).map(([where]) => where)
  expect(incomplete).toEqual([])
})

test('the lock names the packages of every platform, so that it installs on all of them', () => {
  // npm leaves out what a registry did not have when the lock was made; `npm ci` then refuses the lock.
  const missing = locked.flatMap(([, entry]) =>
    Object.keys(entry.optionalDependencies ?? {}).filter(
      (name) => !locked.some(([place]) => place.endsWith(`node_modules/${name}`)),
    ),
  )
  expect(missing).toEqual([])
})

test('the lock names the packages that package.json names', () => {
  const asked = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
  expect(packages['']).toMatchObject({ dependencies: asked.dependencies, devDependencies: asked.devDependencies })
  expect(Object.keys((packages[''] as typeof asked).dependencies)).toEqual(Object.keys(asked.dependencies))
})
