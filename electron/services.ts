/**
 * The second half of main's wiring: readers, gateway, ceremonies and simulated cards, joined to the terminal by plain constructors.
 * It is loaded after the window has been asked for, because it brings most of the program's code.
 */
import { join } from 'node:path'
import { app, safeStorage } from 'electron'
import { BrokerError, type BrokerTls } from '../native/broker.ts'
import { nodeCrypto } from '../native/crypto.ts'
import { PcscReaders } from '../native/pcsc/client.ts'
import { createRecorder } from './activity/recorder.ts'
import { createBatchDesk } from './batch/batch-desk.ts'
import { createBatchFile } from './batch/batch-file.ts'
import { createBatchDialogs } from './batch/dialogs.ts'
import { drawSlips } from './batch/slips-window.ts'
import { numberOf } from './ceremonies/card-identity.ts'
import { changePin } from './ceremonies/change-pin.ts'
import { CeremonyFailed, type Guide } from './ceremonies/guide.ts'
import { login } from './ceremonies/login.ts'
import { createPinReports } from './ceremonies/pin-reports.ts'
import { problemOf } from './ceremonies/problems.ts'
import { register } from './ceremonies/register.ts'
import { approve, unblock } from './ceremonies/unblock.ts'
import type { Settings } from './contract/settings.ts'
import type { GatewayView } from './contract/snapshot.ts'
import { deskFacts } from './diagnostics/desk-facts.ts'
import { createDeskProbes } from './diagnostics/desk-probes.ts'
import { createDiagnostics, type Diagnostics } from './diagnostics/diagnostics.ts'
import { createGatewayConnection } from './gateway-connection.ts'
import { createHandover } from './handover/handover.ts'
import { look } from './look.ts'
import { createBlockList } from './notices/block-list.ts'
import { createKeptNotices } from './notices/kept-notices.ts'
import { createNoticeDesk } from './notices/notice-desk.ts'
import { createSeenCards } from './presence/seen-cards.ts'
import { mergeReaders } from './readers/merged-readers.ts'
import { startPcscProcess } from './readers/pcsc-process.ts'
import { watchUsbReaders } from './readers/usb.ts'
import { createRecords } from './records/records.ts'
import { createIdentityStore, type KeyProtection } from './session/identity.ts'
import type { GatewayLink } from './session/link.ts'
import { createNoticeKeyStore } from './session/notice-keys.ts'
import { SettingsError } from './settings/errors.ts'
import { errorFields, type Log, logFileOf } from './settings/log.ts'
import { readNamedFile } from './settings/settings.ts'
import type { SettingsStore } from './settings/store.ts'
import { createSimulation } from './simulation/simulation.ts'
import type { Drivers, Terminal } from './terminal/terminal.ts'
import { createTrainingDesk, practiceGuide, UNSEEN } from './training/training-desk.ts'

/** A session's end is told as long as a person would wait for the window to close. */
const END_SESSION_MS = 1500
/** Between attempts to enrol by the settings' invitation while the gateway cannot be reached. */
const ENROL_AGAIN_MS = 2000

export interface Services extends Omit<Drivers, 'upkeep'> {
  readonly diagnostics: Diagnostics
  /** Begins to watch readers and gateway. Rejects with a SettingsError for settings that can never work. */
  start(): Promise<void>
  close(): Promise<void>
}

export interface ServicesOptions {
  readonly settings: SettingsStore
  /** TESSERA_HOME/terminal */
  readonly folder: string
  readonly bundles: string
  readonly log: Log
  readonly terminal: Terminal
}

/** Throws a SettingsError where a file that the settings name cannot be read. */
export function createServices({ settings: store, folder, bundles, log, terminal }: ServicesOptions): Services {
  const settings = store.values()
  const tls = brokerTls(settings)
  const simulation = createSimulation({
    folder: join(folder, 'simulated-cards'),
    crypto: nodeCrypto,
    onDamaged: () => log.error('simulated-card-damaged'),
  })
  const pcsc = new PcscReaders({ startHost: () => startPcscProcess(join(bundles, 'pcsc-host.cjs')) })
  const readers = mergeReaders(pcsc, simulation.readers, settings.simulation)
  const cards = createSeenCards(readers)
  const gateway = createGatewayConnection({
    store: createIdentityStore({ path: join(folder, 'identity.json'), ...protection() }),
    noticeKeys: createNoticeKeyStore({ path: join(folder, 'notice-keys.json'), ...protection() }),
    readers,
    cards,
    crypto: nodeCrypto,
    brokerUrl: settings.brokerUrl,
    tls,
    software: `tessera ${app.getVersion()}`,
    log,
    onView: gatewayChanged,
    onGreeted({ mayRegisterFirstOperator, blockListVersion }) {
      blocks.greeted(blockListVersion)
      terminal.firstOperatorAllowed(mayRegisterFirstOperator)
    },
    onNotice: (notice, signed) => void notices.received(notice, signed),
    onBlockListVersion: (version) => blocks.announced(version),
  })
  const link = () => gateway.gateway()?.link
  const records = createRecords({ gateway: () => gateway.gateway(), crypto: nodeCrypto })
  const handover = createHandover({
    programs: settings.handover ?? [],
    port: settings.handoverPort ?? 0,
    folder,
    link,
    onHandedOver: (session, name) => terminal.handedOver(session, name),
    onUnexpected: (error) => log.error('handover', errorFields(error)),
  })
  const reports = createPinReports({ path: join(folder, 'pin-reports.json'), link })
  const blocks = createBlockList({
    path: join(folder, 'blocks.json'),
    link,
    onUnwritten: (error) => log.error('blocks-unwritten', errorFields(error)),
  })
  const notices = createNoticeDesk({
    terminal,
    kept: createKeptNotices(join(folder, 'notices')),
    blocks,
    readers,
    cards,
    link,
    onFailure: (where, error) => log.error(where, errorFields(error)),
  })
  const diagnostics = createDiagnostics({
    probes: createDeskProbes({
      // Simulated readers stand in for a service that does not run; what is asked for is the service.
      readers: settings.simulation === 'only' ? readers : pcsc,
      snapshot: () => terminal.snapshot(),
      connection: gateway,
      brokerUrl: settings.brokerUrl,
      tls,
      crypto: nodeCrypto,
      folder,
      manifest: join(bundles, '..', 'package.json'),
    }),
    now: Date.now,
    logFile: logFileOf(folder),
    facts: () => deskFacts({ snapshot: terminal.snapshot(), settings: store, folder, counters: link()?.counters() }),
    broke: (id, error) => log.error('check', { ...errorFields(error), where: id }),
  })
  const batch = createBatchDesk({
    file: createBatchFile({ path: join(folder, 'batch.json'), ...protection() }),
    dialogs: createBatchDialogs((slips, format) => drawSlips(join(bundles, 'renderer'), slips, format)),
    readers,
    crypto: nodeCrypto,
    link,
    async register(card, registration, guide, unattended) {
      const registered = await activity.registering(card, () => register(onlineDesk(guide), card, registration, unattended))
      simulation.holderSeen(card.reader, nameOf(registered))
      return registered
    },
    identify: (card) => numberOf(readers, card),
    now: Date.now,
    monotonic: () => performance.now(),
    locale: () => terminal.snapshot().language.desk,
    show: (view) => terminal.batchChanged(view),
    onUnexpected: (where, error) => log.error(where, errorFields(error)),
  })
  const activity = createRecorder({
    folder: join(folder, 'activity'),
    now: Date.now,
    monotonic: () => performance.now(),
    cardIn: (card) => cards.cardIn(card),
    onUnwritten: (error) => log.error('activity-unwritten', errorFields(error)),
  })
  let closed = false
  let stopUsb: (() => void) | undefined

  function gatewayChanged(view: GatewayView): void {
    terminal.gatewayChanged(view)
    batch.gatewayChanged(view)
    if (view.kind !== 'online') return
    void reports.flush()
    void notices.handBack()
  }

  const pinDesk = (guide: Guide) => ({
    readers,
    guide,
    blocks,
    cards,
    pinReports: reports,
    usesPinPad: settings.pinPad,
    changesPinOnPad: settings.pinPadChange,
    now: Date.now,
    monotonic: () => performance.now(),
  })

  function onlineDesk(guide: Guide) {
    const known = gateway.gateway()
    if (known === undefined) throw new CeremonyFailed({ code: 'not-enrolled' })
    return { ...pinDesk(guide), ...known, crypto: nodeCrypto }
  }

  /** What needs no card: fails as a ceremony does. */
  async function asking<T>(ask: (gateway: GatewayLink) => Promise<T>): Promise<T> {
    const known = link()
    if (known === undefined) throw new CeremonyFailed({ code: 'not-enrolled' })
    try {
      return await ask(known)
    } catch (error) {
      throw new CeremonyFailed(problemOf(error), { cause: error })
    }
  }

  const trainingDesk = createTrainingDesk({
    simulation,
    readers,
    cutGateway: (cut) => gateway.cut(cut),
    desk: (hidden) => ({ ...onlineDesk(practiceGuide), readers: hidden, cards: UNSEEN }),
    onChange: simulationChanged,
  })

  function simulationChanged(): void {
    terminal.simulationChanged(trainingDesk.view())
  }

  /** The invitation of the settings is tried until the gateway has said yes or no. */
  async function enrolByInvitation(code: string): Promise<void> {
    const stop = terminal.subscribe(({ page, gateway: { kind } }) => {
      if (kind !== 'not-enrolled') stop()
      // Somebody who reads another page meanwhile is left alone until they come back.
      else if (
        page.kind === 'enrol' &&
        !page.busy &&
        (page.problem?.code === 'gateway-offline' || page.problem?.code === 'gateway-silent')
      ) {
        setTimeout(() => {
          if (!closed) terminal.intent({ kind: 'enrol', code })
        }, ENROL_AGAIN_MS)
      }
    })
    terminal.intent({ kind: 'enrol', code })
  }

  return {
    diagnostics,
    async start() {
      let shown = ''
      readers.subscribe((status) => {
        terminal.readersChanged(status)
        if (shown !== status.service.kind) log.info('readers', { kind: status.service.kind, count: status.readers.length })
        shown = status.service.kind
        simulationChanged()
      })
      simulation.subscribe(simulationChanged)
      terminal.subscribe((snapshot) => trainingDesk.follow(snapshot))
      terminal.readersChanged(readers.status())
      simulationChanged()
      stopUsb = watchUsbReaders((usb) => terminal.usbReadersChanged(usb))
      void activity.open()
      await Promise.all([blocks.open(), batch.open()])
      // A port that another program has taken keeps nobody from working here.
      handover.start().catch((error) => log.error('handover-unavailable', errorFields(error)))
      try {
        const state = await gateway.open()
        if (state === 'not-enrolled' && settings.invitation !== undefined) await enrolByInvitation(settings.invitation)
      } catch (error) {
        if (!(error instanceof BrokerError)) throw error
        const wanted = error.kind === 'tls-required' ? 'needs mqtts:// to a broker on another machine' : 'cannot be used'
        throw new SettingsError('bad-value', error.code, 'brokerUrl', wanted, { cause: error })
      }
    },
    async run(request, card, guide) {
      switch (request.kind) {
        case 'sign-in':
        case 'login': {
          const outcome = await login(onlineDesk(guide), card, request.kind === 'login' ? 'holder' : 'operator')
          simulation.holderSeen(card.reader, nameOf(outcome.result.holder))
          return { kind: 'logged-in', login: outcome }
        }
        case 'register': {
          const { kind: _, ...registration } = request
          const result = await register(onlineDesk(guide), card, registration)
          simulation.holderSeen(card.reader, nameOf(result))
          return { kind: 'finished', result }
        }
        case 'change-pin':
          return { kind: 'finished', result: await changePin(pinDesk(guide), card) }
        case 'unblock': {
          const { approved, target } = request
          if (approved === undefined) return { kind: 'approved', session: await approve(onlineDesk(guide), card) }
          const unblocking = { approval: approved.session, ...(target?.guid && { guid: target.guid }) }
          return { kind: 'finished', result: await unblock(onlineDesk(guide), card, unblocking) }
        }
        default:
          return request satisfies never
      }
    },
    enrol: (code) => gateway.enrol(code),
    async endSession(session, reason) {
      handover.ended(session)
      records.end(session, reason)
      if (reason === 'blocked') {
        link()?.ended(session)
        return
      }
      try {
        await link()?.request('session.end', { session, reason }, { timeoutMs: END_SESSION_MS })
      } catch (error) {
        // The gateway ends a session that it hears nothing of.
        log.info('session-end-untold', errorFields(error))
      }
    },
    simulate: (command, operator) => trainingDesk.perform(command, operator),
    look: async (question) => {
      if (question.of !== 'activity') return asking(async (asked) => look(asked, question))
      const { failing, ...found } = await activity.find(question.filter, question.from)
      return { of: 'activity', found, failing }
    },
    watch: (before, after, outcome) => activity.watch(before, after, outcome),
    block: (session, guid) =>
      asking(async (asked) => {
        await asked.request('card.block', { session, guid })
      }),
    openRecord(login, show) {
      handover.began(login)
      records.open(login, show)
    },
    addNote: (session, note) => records.addNote(session, note),
    batch: (command) => batch.perform(command),
    cardIn: (card) => cards.cardIn(card),
    async close() {
      closed = true
      stopUsb?.()
      batch.close()
      await Promise.all([handover.close(), gateway.close(), readers.close(), blocks.close()])
    },
  }
}

function nameOf({ givenName, familyName }: { readonly givenName: string; readonly familyName: string }): string {
  return `${givenName} ${familyName}`
}

function brokerTls({ brokerCa, brokerCert, brokerKey }: Settings): BrokerTls | undefined {
  if (brokerCa === undefined && brokerCert === undefined) return undefined
  return {
    ...(brokerCa === undefined ? {} : { ca: readNamedFile('brokerCa', brokerCa) }),
    ...(brokerCert === undefined ? {} : { certificate: readNamedFile('brokerCert', brokerCert) }),
    ...(brokerKey === undefined ? {} : { key: readNamedFile('brokerKey', brokerKey) }),
  }
}

/** The system's key store where there is a real one; elsewhere the file's own permissions protect the key (docs/security.md). */
function protection(): { readonly protection?: KeyProtection } {
  if (!hasKeyStore()) return {}
  return {
    protection: {
      protect: (secret) => new Uint8Array(safeStorage.encryptString(Buffer.from(secret).toString('base64'))),
      unprotect: (wrapped) => new Uint8Array(Buffer.from(safeStorage.decryptString(Buffer.from(wrapped)), 'base64')),
    },
  }
}

function hasKeyStore(): boolean {
  if (process.platform !== 'linux') return safeStorage.isEncryptionAvailable()
  // Electron 22 cannot tell a key ring from its own fixed password, so it counts as none.
  const backend = (safeStorage as Partial<typeof safeStorage>).getSelectedStorageBackend?.()
  return backend !== undefined && backend !== 'basic_text' && backend !== 'unknown' && safeStorage.isEncryptionAvailable()
}
