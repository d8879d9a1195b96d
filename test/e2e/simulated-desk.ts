/** A desk without hardware: a gateway in this process, the real program, and simulated cards, worked by hand. */
import { TestGateway } from '../support/gateway.ts'
import { TerminalWindow, type TerminalWindowOptions } from '../support/window.ts'

const READER = 'Simulated reader 1'

export interface SimulatedDeskOptions {
  /** Also where the program is opened again; where it is given, the test removes it. */
  readonly home?: string
  readonly site?: string
  readonly environment?: TerminalWindowOptions['environment']
  /** False: the invitation is typed in. Default true. */
  readonly enrols?: boolean
}

export class SimulatedDesk {
  readonly gateway: TestGateway
  terminal: TerminalWindow
  readonly #options: TerminalWindowOptions

  private constructor(gateway: TestGateway, terminal: TerminalWindow, options: TerminalWindowOptions) {
    this.gateway = gateway
    this.terminal = terminal
    this.#options = options
  }

  static async open({ home, site, environment, enrols = true }: SimulatedDeskOptions = {}): Promise<SimulatedDesk> {
    const gateway = await TestGateway.start()
    try {
      const options: TerminalWindowOptions = {
        ...(home === undefined ? {} : { home }),
        environment: {
          TESSERA_SIMULATION: 'only',
          TESSERA_BROKER_URL: gateway.gateway.brokerUrl,
          ...(enrols ? { TESSERA_INVITATION: await gateway.invite(true, site) } : {}),
          ...environment,
        },
      }
      return new SimulatedDesk(gateway, await TerminalWindow.open(options), options)
    } catch (error) {
      await gateway.close()
      throw error
    }
  }

  /** Starts the program once more, after its end; with the same home where that was given. */
  async reopen(): Promise<void> {
    this.terminal = await TerminalWindow.open(this.#options)
  }

  insert(card: number): Promise<void> {
    return this.terminal.press(`Insert Card ${card} into ${READER}`)
  }

  remove(card: number): Promise<void> {
    return this.terminal.press(`Remove Card ${card} from ${READER}`)
  }

  async fillPerson(givenName: string, familyName: string, reference: string): Promise<void> {
    await this.terminal.fill('Given name', givenName)
    await this.terminal.fill('Family name', familyName)
    await this.terminal.fill('Customer, patient or staff number', reference)
    await this.terminal.press('Continue with a blank card')
  }

  /** Ada Lovelace with Card 1, which stays in; afterwards the window asks for its PIN. */
  async registerFirstOperator(pin: string): Promise<void> {
    await this.terminal.reads('Register the first operator')
    await this.terminal.press('New blank card')
    await this.fillPerson('Ada', 'Lovelace', 'S-1')
    await this.insert(1)
    await this.terminal.chooseNewPin(pin)
    await this.terminal.reads('Ada Lovelace is registered')
    await this.terminal.press('Done')
  }

  async signIn(pin: string): Promise<void> {
    await this.terminal.enterPin('Enter your PIN', pin)
    await this.terminal.reads('Insert the person’s card')
  }

  async logIn(pin: string, name: string): Promise<void> {
    await this.terminal.enterPin('Enter the PIN', pin)
    await this.terminal.reads(`${name} is logged in`)
  }

  async close(): Promise<void> {
    await this.terminal.close()
    await this.gateway.close()
  }
}
