/** What the support report is told of this desk, and what it must not tell. */
import { homedir, hostname, release, userInfo } from 'node:os'
import type { Snapshot } from '../contract/snapshot.ts'
import type { LinkCounters } from '../session/gateway-link.ts'
import type { SettingsStore } from '../settings/store.ts'
import type { ReportFacts } from './report.ts'

export interface DeskFactsOptions {
  readonly snapshot: Snapshot
  readonly settings: Pick<SettingsStore, 'values' | 'views'>
  /** TESSERA_HOME/terminal */
  readonly folder: string
  /** Absent while the terminal belongs to no gateway. */
  readonly counters: LinkCounters | undefined
}

export function deskFacts({
  snapshot,
  settings,
  folder,
  counters,
}: DeskFactsOptions): Omit<ReportFacts, 'madeAt' | 'checks' | 'log'> {
  const { gateway, readers, operator, simulation, application, language } = snapshot
  const { brokerUrl, brokerCa, brokerCert, brokerKey, invitation } = settings.values()
  const holders = simulation?.cards.flatMap(({ holder }) => holder ?? []) ?? []
  return {
    program: {
      version: application.version,
      electron: application.electron,
      chromium: process.versions.chrome ?? '',
      node: process.versions.node,
    },
    system: {
      platform: process.platform,
      release: release(),
      architecture: process.arch,
      locale: language.desk,
      desktop: [process.env.XDG_CURRENT_DESKTOP, process.env.XDG_SESSION_TYPE].filter((text) => text).join(' '),
    },
    settings: settings.views(),
    brokerUrl,
    gateway,
    readers,
    counts: { readers: readers.desk.length, simulatedCards: simulation?.cards.length ?? 0, ...counters },
    secrets: [
      ...secretsOfUrl(brokerUrl),
      ...[brokerCa, brokerCert, brokerKey, invitation].flatMap((value) => value ?? []),
      ...(operator === undefined ? [] : [operator.givenName, operator.familyName]),
      ...holders.flatMap((name) => [name, ...name.split(' ')]),
      ...(gateway.kind === 'online' ? [gateway.site] : []),
      ...userNames(),
      hostname(),
      homedir(),
      folder,
    ],
  }
}

/** Host, user name and password, as they are written and as they are meant. */
function secretsOfUrl(url: string): readonly string[] {
  try {
    const { hostname: host, username, password } = new URL(url)
    const isHere = /^(?:localhost|127\.[\d.]+|\[::1\])$/.test(host)
    return [...(isHere ? [] : [host]), username, password, decodeURIComponent(username), decodeURIComponent(password)]
  } catch {
    return [url]
  }
}

function userNames(): readonly string[] {
  try {
    return [userInfo().username]
  } catch {
    // A user without an entry in the system's list, as in containers.
    return []
  }
}
