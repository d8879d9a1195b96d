/** Programs of other people that PyPI has built, each in an environment of its own below .tessera/. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/** The interpreter of an environment that has this package; made where it is not there, which takes a while. */
export function pythonWith(name: string, version: string): string {
  const environment = join(root, '.tessera', `${name}-${version}`)
  const python = join(environment, 'bin/python')
  const complete = join(environment, 'complete')
  if (existsSync(complete)) return python
  rmSync(environment, { recursive: true, force: true })
  mkdirSync(join(root, '.tessera'), { recursive: true })
  execFileSync('python3', ['-m', 'venv', environment], { stdio: 'pipe' })
  execFileSync(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `${name}==${version}`], {
    stdio: 'pipe',
  })
  writeFileSync(complete, '')
  return python
}
