/** Where Tessera keeps what it must remember. */
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'

/** TESSERA_HOME, or `tessera` in the platform's folder for a user's data. */
export function tesseraHome(environment: NodeJS.ProcessEnv, platform: NodeJS.Platform = process.platform): string {
  const own = environment.TESSERA_HOME
  if (own !== undefined && own !== '') return resolve(own)
  return join(dataFolder(environment, platform), 'tessera')
}

function dataFolder(environment: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  switch (platform) {
    case 'win32':
      return environment.APPDATA ?? join(homedir(), 'AppData', 'Roaming')
    case 'darwin':
      return join(homedir(), 'Library', 'Application Support')
    default: {
      // XDG Base Directory Specification: a relative path there is to be ignored.
      const { XDG_DATA_HOME } = environment
      return XDG_DATA_HOME !== undefined && isAbsolute(XDG_DATA_HOME) ? XDG_DATA_HOME : join(homedir(), '.local', 'share')
    }
  }
}
