/** A gateway in this process with a clock that tests can move and stop, in a temporary folder that is removed at the end. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Policy } from '../../gateway/findings/policy.ts'
import { type BrokerChoice, type Gateway, startGateway } from '../../gateway/main.ts'
import { invite } from '../../gateway/registry/terminals.ts'
import { nodeCrypto } from '../../native/crypto.ts'
import type { LoginResult, Role } from '../../protocol/messages/operations.ts'
import { type ClientIdentity, GatewayClient, SoftwareCard } from './gateway-client.ts'

export type TestCard = SoftwareCard & { readonly guid: Uint8Array; readonly puk: Uint8Array }

export class TestGateway {
  readonly dataDirectory: string
  readonly clock: { offsetMs: number; stoppedAt?: number } = { offsetMs: 0 }
  readonly log: string[] = []
  gateway!: Gateway
  readonly #clients: GatewayClient[] = []
  #cards = 1
  readonly #broker: BrokerChoice

  readonly #policy: Policy | undefined

  private constructor(dataDirectory: string, broker: BrokerChoice, policy: Policy | undefined) {
    this.dataDirectory = dataDirectory
    this.#broker = broker
    this.#policy = policy
  }

  static async start(broker: BrokerChoice = { kind: 'embedded', port: 0 }, policy?: Policy): Promise<TestGateway> {
    const test = new TestGateway(await mkdtemp(join(tmpdir(), 'tessera-gateway-')), broker, policy)
    await test.run()
    return test
  }

  async run(): Promise<void> {
    this.gateway = await startGateway({
      dataDirectory: this.dataDirectory,
      broker: this.#broker,
      ...(this.#policy === undefined ? {} : { policy: this.#policy }),
      now: () => (this.clock.stoppedAt ?? Date.now()) + this.clock.offsetMs,
      log: (level, event, details) => this.log.push(`${level} ${event} ${JSON.stringify(details ?? {})}`),
    })
  }

  /** For what is said of moments: until the function that comes back is called, only `offsetMs` moves the clock. */
  stopClock(): () => void {
    this.clock.stoppedAt = Date.now()
    return () => {
      delete this.clock.stoppedAt
    }
  }

  async invite(first = false, site = 'Desk'): Promise<string> {
    const options = { site, validMs: 3_600_000, mayRegisterFirstOperator: first }
    return (await invite(this.gateway.registry, options)).code
  }

  async connect(identity?: ClientIdentity): Promise<GatewayClient> {
    const client = await GatewayClient.connect(this.gateway.brokerUrl, identity)
    this.#clients.push(client)
    return client
  }

  /** Enrolled, connected and greeted. */
  async terminal(first = false, site = 'Desk'): Promise<GatewayClient> {
    const client = await this.connect()
    await client.enrol(await this.invite(first, site))
    await client.open()
    return client
  }

  /** A person's card, registered at that desk; with the key of slot 9E, by which it shows that it is there. */
  async card(desk: { readonly client: GatewayClient; readonly operator: LoginResult }, role?: Role): Promise<TestCard> {
    const card = new SoftwareCard()
    card.presence = nodeCrypto.generateKeyPair('P-256')
    const person = { givenName: 'Pat', familyName: 'Doe', reference: `P-${this.#cards++}` }
    await desk.client.register(card, { person, session: desk.operator.session, ...(role && { role }) })
    return card as TestCard
  }

  /** A terminal with the first operator, a supervisor, signed in. */
  async desk(): Promise<{ client: GatewayClient; supervisor: SoftwareCard; operator: LoginResult }> {
    const client = await this.terminal(true)
    const supervisor = new SoftwareCard()
    await client.register(supervisor, { person: { givenName: 'Ada', familyName: 'First', reference: 'op-1' } })
    const operator = await client.login(supervisor, 'operator')
    return { client, supervisor, operator }
  }

  async close(): Promise<void> {
    for (const client of this.#clients) await client.close()
    await this.gateway.close()
    await rm(this.dataDirectory, { recursive: true, force: true, maxRetries: 5 })
  }
}
