import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** The command line was wrong: its message, then the help; exit status 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

/** Words for people, or the data as one line of JSON. */
export type Output = (words: string, data: unknown) => void

/** --data, else $TESSERA_HOME/gateway, else where this system keeps an application's data. */
export function dataDirectoryOf(option: string | undefined): string {
  if (option !== undefined) return resolve(option)
  const { TESSERA_HOME, LOCALAPPDATA, XDG_DATA_HOME } = process.env
  if (TESSERA_HOME) return resolve(TESSERA_HOME, 'gateway')
  switch (process.platform) {
    case 'win32':
      return join(LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'Tessera', 'gateway')
    case 'darwin':
      return join(homedir(), 'Library', 'Application Support', 'Tessera', 'gateway')
    default:
      return join(XDG_DATA_HOME ?? join(homedir(), '.local', 'share'), 'tessera', 'gateway')
  }
}

/** Options as parseArgs gives them. */
export type Values = Readonly<Record<string, string | boolean | undefined>>

export function text(values: Values, name: string): string | undefined {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}

export function wholeNumber(values: Values, name: string, otherwise: number, least: number, most: number): number {
  const value = text(values, name)
  if (value === undefined) return otherwise
  const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN
  if (!(number >= least && number <= most)) throw new UsageError(`--${name} takes a whole number from ${least} to ${most}`)
  return number
}

export function siteOf(values: Values): string {
  const site = text(values, 'site') ?? 'Desk'
  // A line break would make two lines of one in every list.
  if (!/^\P{C}{1,80}$/u.test(site)) throw new UsageError('--site takes 1 to 80 characters that can be seen')
  return site
}

const COMMON = `
  --data DIR    where keys and store are (default: $TESSERA_HOME/gateway, else the system's data folder)
  --json        answer with JSON
  -h, --help    this text`

export const HELP = {
  all: `npm run gateway -- COMMAND [options]

  start                     run the gateway
  invite                    make a one-time code that enrols a terminal or a service node
  holders                   list the people; suspend or restore one
  cards                     list the cards; withdraw one
  terminals                 list the terminals; withdraw one, or restore one from quarantine
  nodes                     list the service nodes; withdraw one
  handover-keys             the key by which programs on a desk verify that a login was handed to them
  block                     block a card, at once and everywhere
  unblock                   lift the gateway's block of a card
  blocks                    list the cards that are blocked
  locate                    where a card or a reader is
  findings                  what the gateway has found suspicious
  policy                    check or show the policy that findings are answered by
  audit verify              check the audit log

  COMMAND --help tells more. All but start may be used while the gateway runs.`,
  start: `npm run gateway -- start [options]

Runs until SIGTERM or SIGINT. Without --broker it brings its own, on this machine only.

  --port N      port of the embedded broker (default 1883; 0 takes a free one)
  --broker URL  another broker: mqtts://host[:8883], or mqtt://localhost[:1883]
  --ca FILE     certificates (PEM) that the broker's must lead to
  --cert FILE   client certificate (PEM) for that broker, with --key FILE
  --key FILE    its private key (PEM)
  --server-name NAME   the name in the broker's certificate, where it is not the host's
  --slot N      number of this worker, where several work on one data folder (default 0)
  --desk        for one desk: a free port, and an invitation where no terminal or no operator is there yet
  --site NAME   with --desk: where the terminal stands (default "Desk")
  --json        one line {"ready":true,...} when ready; the log goes to standard error${COMMON.replace(/\n {2}--json.*/, '')}`,
  invite: `npm run gateway -- invite [options]

Makes a code that enrols one terminal or service node, once. It also tells which gateway to trust: hand it over safely.

  --site NAME         where the terminal stands, as people know it (default "Desk")
  --hours N           how long the code may be used (default 24)
  --first-operator    the terminal may register the first operator, while there is none

  --node NAME         a service node, by the name that terminals ask for; instead of --site
  --scopes LIST       what a login may do there: SCOPE or SCOPE=ROLE, with commas; with a role, an operator who has it
                      must be signed in at the terminal. Inviting a name again changes its scopes
  --minutes N         how long a token for it lives (default 5)${COMMON}`,
  holders: `npm run gateway -- holders [suspend WHO | restore WHO] [options]

Lists the people, or suspends or restores one: WHO is the house's number of the person, or the identifier.
${COMMON}`,
  cards: `npm run gateway -- cards [withdraw GUID] [options]

Lists the cards, or withdraws one for good.
${COMMON}`,
  terminals: `npm run gateway -- terminals [withdraw ID | restore ID] [options]

Lists the terminals, withdraws one for good, or restores one that a finding has put in quarantine (state 'blocked').
${COMMON}`,
  nodes: `npm run gateway -- nodes [withdraw NAME] [options]

Lists the service nodes, or withdraws one for good: its sessions end, and its name is not given again.
${COMMON}`,
  'handover-keys': `npm run gateway -- handover-keys [options]

Prints the public key as a JWK Set (RFC 7517), with the issuer beside it: a program on a desk verifies with them the token by
which it is handed a login (docs/integrate.md).
${COMMON}`,
  block: `npm run gateway -- block GUID [options]

Blocks a card. The terminal that has it ends its session at once, every worker refuses it, and the PIN on the card is blocked as
well where it is the gateway's own card. A supervisor unblocks it at a terminal, with the holder.

  --keep-pin    leave the PIN on the card as it is${COMMON}`,
  unblock: `npm run gateway -- unblock GUID [options]

Lifts the gateway's block of a card. A PIN that is blocked on the card stays so: for that a supervisor unblocks it at a terminal.
${COMMON}`,
  blocks: `npm run gateway -- blocks [options]

Lists the cards that are blocked: since when, and by whom or by which finding.
${COMMON}`,
  locate: `npm run gateway -- locate card GUID | reader NAME [options]

Where a card is or was seen last, or every reader of that name, as terminals have told. Exit status 1 where nothing is known.
${COMMON}`,
  findings: `npm run gateway -- findings [options]

Lists what the gateway has found, the latest first: replays, guessed PINs, injected code, relayed and cloned cards, floods.

  --kind KIND   only these: replay, brute-force-pin, brute-force-handshake, injection, delay, clone, flooding
  --limit N     so many at most (default 50)${COMMON}`,
  policy: `npm run gateway -- policy check FILE | show [options]

Checks a policy before it is used, and names each value that is wrong by its path; exit status 1 then. The gateway reads
policy.json in its data folder when it starts. 'show' prints the policy in force, with every default.
${COMMON}`,
  audit: `npm run gateway -- audit verify [options]

Checks that no entry of the audit log was changed, removed or moved; exit status 1 where one was. Keep the number and hash that
it prints elsewhere: only they show an older copy of the whole store.
${COMMON}`,
} as const
