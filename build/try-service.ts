/**
 * `npm run try-service`: a desk for who writes a service. Gateway, broker, terminal, operator and a person with a card, all in this
 * process and in a folder that goes with it; the service connects as it would to a real house. Then each line that is typed is a
 * request of that person.
 */
import { createInterface } from 'node:readline'
import { ServiceRefused } from '../electron/session/node-conversation.ts'
import type { NodeSession } from '../electron/session/node-session.ts'
import { inviteNode } from '../gateway/tokens/nodes.ts'
import type { ScopeRule } from '../protocol/messages/service.ts'
import { TestGateway } from '../test/support/gateway.ts'
import { SoftwareCard } from '../test/support/gateway-client.ts'
import { sessionOf } from '../test/support/service.ts'
import { readArguments } from './arguments.ts'

const USAGE = `npm run try-service -- --node NAME --scopes SCOPE[=ROLE],...

Starts a desk for trying a service: nothing is to be set up, and nothing is kept. Start the service with the broker's URL and the
invitation that are printed; then type

  OPERATION JSON     a request of the person who is logged in, for example: greeting.say {"name": "Ada"}
  pull               the person's card is pulled: the session ends
  login              another login of the same person
  quit
`

const { values } = readArguments(USAGE, { node: { type: 'string' }, scopes: { type: 'string' } })

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

function parseScopes(text: string): ScopeRule[] {
  return text.split(',').map((entry) => {
    const [scope = '', role] = entry.split('=')
    return role === 'desk' || role === 'registrar' || role === 'supervisor' ? { scope, role } : { scope }
  })
}

/** One that was typed: undefined where it is no request. */
function parseRequest(line: string): { readonly operation: string; readonly body: unknown } | undefined {
  const [, operation, json] = /^(\S+)\s*(.*)$/.exec(line.trim()) ?? []
  if (operation === undefined) return undefined
  try {
    return { operation, body: JSON.parse(json || '{}') }
  } catch (error) {
    print(`That is no JSON: ${error instanceof Error ? error.message : error}`)
    return undefined
  }
}

async function run(name: string, scopes: readonly ScopeRule[]): Promise<void> {
  const gateway = await TestGateway.start()
  let session: NodeSession | undefined
  try {
    const { client, operator } = await gateway.desk()
    const person = new SoftwareCard()
    const who = { givenName: 'Berta', familyName: 'Example', reference: 'p-1' }
    await client.register(person, { person: who, session: operator.session })
    const invited = await inviteNode(gateway.gateway.registry, { name, scopes, tokenMs: 300_000, validMs: 24 * 3_600_000 })
    print(`broker      ${gateway.gateway.brokerUrl}`)
    print(`invitation  ${invited?.code}`)
    print('Waiting for the service ...')

    const login = async (): Promise<void> => {
      const { session: login } = await client.login(person)
      const opened = sessionOf(gateway, client, { service: name, session: login, operator: operator.session })
      opened.subscribe((state) => {
        if (state.kind === 'open') print(`${who.givenName} is logged in, with ${state.scopes.join(', ')}.`)
        if (state.kind === 'ended') print(`The session has ended: ${state.reason}.`)
      })
      session = opened
    }
    while ((await gateway.gateway.registry.store.read((reader) => reader.node(name)))?.seenAt === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    await login()

    for await (const line of createInterface({ input: process.stdin })) {
      if (line.trim() === 'quit') break
      if (line.trim() === 'pull') session?.end('card-removed')
      else if (line.trim() === 'login') {
        session?.end('card-removed')
        await login()
      } else {
        const request = parseRequest(line)
        if (request === undefined) continue
        try {
          print(JSON.stringify(await session?.request(request.operation, request.body)))
        } catch (error) {
          if (error instanceof ServiceRefused) print(`refused: ${JSON.stringify(error.refusal)}`)
          else print(error instanceof Error ? error.message : String(error))
        }
      }
    }
  } finally {
    session?.end('quit')
    await gateway.close()
  }
}

if (values.node === undefined || values.scopes === undefined) {
  process.stderr.write(USAGE)
  process.exitCode = 2
} else {
  await run(values.node, parseScopes(values.scopes))
  process.exit(0)
}
