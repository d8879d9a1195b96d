/**
 * The app inside the trial runtime. An Electron from the official download carries such an app itself (default_app.asar);
 * the trial runtime lost its own when another program was packaged into it. Runs on Node 16.
 */

export const TRIAL_PACKAGE = '{ "name": "electron", "main": "main.js" }\n'

export const TRIAL_MAIN = `// electron [-r module] [switches] <app folder or file> [its arguments]; electron --version
const { app, dialog } = require('electron')
const fs = require('fs')
const Module = require('module')
const path = require('path')

const given = process.argv.slice(1)
const preloads = []
let target
for (let i = 0; i < given.length && target === undefined; i++) {
  const arg = given[i]
  if (arg === '-r' || arg === '--require') preloads.push(given[++i])
  else if (arg === '--version' || arg === '-v') {
    process.stdout.write('v' + process.versions.electron + '\\n')
    process.exit(0)
  } else if (!arg.startsWith('-')) target = arg
}

Object.defineProperty(process, 'defaultApp', { value: true, enumerable: true })
if (preloads.length > 0) Module._preloadModules(preloads)

if (target === undefined) {
  process.stderr.write('usage: electron [-r module] <app>\\n')
  process.exit(1)
}

try {
  const found = path.resolve(target)
  const file = path.join(found, 'package.json')
  if (fs.existsSync(file)) {
    const about = JSON.parse(fs.readFileSync(file, 'utf8'))
    if (about.version) app.setVersion(about.version)
    const name = about.productName || about.name
    if (name) {
      app.setName(name)
      app.setPath('userData', path.join(app.getPath('appData'), name))
    }
    app.setAppPath(found)
  }
  Module._load(Module._resolveFilename(found, null, true), Module, true)
} catch (error) {
  process.stderr.write('The app did not start: ' + (error.stack || error) + '\\n')
  process.exit(1)
}
`
