import { ReaderError, type ReadersStatus } from '../reader.ts'
import { LibraryMissing, type Pcsc } from './binding.ts'
import { Connections, type Opened, type Transmitted } from './connections.ts'
import { Holds } from './holds.ts'
import { asReaderError, parseRequest, type Report, type Request } from './messages.ts'
import { Monitor } from './monitor.ts'
import type { HostPort } from './process.ts'

const libraryRetryMs = 5000

/**
 * The program of the process that holds the PC/SC library: answers requests from `port`, reports each change of readers.
 * Where the library is missing it says so and tries again, for it may be installed meanwhile.
 */
export function serve(port: HostPort, load: () => Pcsc): void {
  let running: { readonly connections: Connections; readonly monitor: Monitor } | undefined
  const send = (report: Report) => port.send(report)
  const publish = ({ service, readers }: ReadersStatus) =>
    send({ kind: 'status', status: { service, readers: readers.map((reader) => ({ ...reader, simulated: false as const })) } })

  const start = () => {
    const holds = new Holds()
    try {
      const pcsc = load()
      const monitor = new Monitor(pcsc, holds, publish)
      running = { connections: new Connections(pcsc, holds), monitor }
      // The monitor treats the service's errors itself; what is left is a fault of this program: die, and be started again.
      monitor.run().catch(() => port.exit())
    } catch (error) {
      if (!(error instanceof LibraryMissing)) throw error
      publish({ service: { kind: 'no-library', library: error.library }, readers: [] })
      setTimeout(start, libraryRetryMs)
    }
  }

  const close = async () => {
    running?.monitor.stop()
    await running?.connections.closeAll()
    port.exit()
  }

  port.onMessage((message) => {
    const request = parseRequest(message)
    // Only this repository's client talks to this port: anything else is a fault that must show.
    if (request === undefined) port.exit()
    else if (request.kind === 'close') close()
    else if (request.kind === 'ping') send({ kind: 'pong', id: request.id })
    else if (running === undefined) send(failure(request.id, new ReaderError('no-service', 'NO_LIBRARY')))
    else answer(running.connections, request, send)
  })
  start()
}

type CardRequest = Exclude<Request, { kind: 'ping' | 'close' }>

function answer(connections: Connections, request: CardRequest, send: (report: Report) => void): void {
  try {
    const report = perform(connections, request)
    if (report instanceof Promise) report.then(send, (error) => send(failure(request.id, error)))
    else send(report)
  } catch (error) {
    send(failure(request.id, error))
  }
}

function perform(connections: Connections, request: CardRequest): Report | Promise<Report> {
  const { id } = request
  const done = (): Report => ({ kind: 'done', id })
  const toTransmitted = (transmitted: Transmitted): Report => ({ kind: 'transmitted', id, ...transmitted })
  const toAnswer = (data: Uint8Array): Report => ({ kind: 'answer', id, data })
  switch (request.kind) {
    case 'transmit': {
      const done = connections.transmit(request.connection, request.command)
      return done instanceof Promise ? done.then(toTransmitted) : toTransmitted(done)
    }
    case 'connect':
      return connections.connect(request.reader, request.share).then((opened) => ({ kind: 'connected', id, ...opened }))
    case 'begin':
      return connections.begin(request.connection).then(done)
    case 'end':
      return connections.end(request.connection, request.disposition).then(done)
    case 'reconnect':
      return connections
        .reconnect(request.connection, request.disposition)
        .then(({ atr, protocol }: Opened) => ({ kind: 'reconnected', id, atr, protocol }))
    case 'control':
      return connections.control(request.connection, request.code, request.input).then(toAnswer)
    case 'disconnect':
      return connections.disconnect(request.connection, request.disposition).then(done)
    default:
      return unknownRequest(request)
  }
}

function unknownRequest(request: never): never {
  throw new TypeError(`unknown request ${JSON.stringify(request)}`)
}

function failure(id: number, error: unknown): Report {
  const { kind, code } = asReaderError(error)
  return { kind: 'error', id, error: { kind, code } }
}
