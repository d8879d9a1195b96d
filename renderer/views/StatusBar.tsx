import { Cloud, CloudOff, IdCard, Link2Off, type LucideIcon, Maximize2, Minimize2, RefreshCw, Usb, UserRound } from 'lucide-react'
import { memo } from 'react'
import type { GatewayView, ReadersView, Snapshot } from '../../electron/contract/snapshot.ts'
import { useTerminal, useTexts } from '../components/context.ts'
import { LanguageChoice } from '../components/LanguageChoice.tsx'
import { Mark } from '../components/Mosaic.tsx'
import { readerName } from '../components/reader-name.ts'
import type { Texts } from '../locales/texts.ts'
import { OperatorMenu } from './Roles.tsx'

const GATEWAY_ICONS: { readonly [Kind in GatewayView['kind']]: LucideIcon } = {
  'not-enrolled': Link2Off,
  connecting: RefreshCw,
  online: Cloud,
  offline: CloudOff,
}

function gatewayText({ text }: Texts, gateway: GatewayView): string {
  return gateway.kind === 'online' && gateway.site !== ''
    ? text('status.gateway.online-site', { site: gateway.site })
    : text(`status.gateway.${gateway.kind}`)
}

/** More readers than this are counted instead of named. */
const NAMED_READERS = 2

const Readers = memo(function Readers({ view }: { readonly view: ReadersView }) {
  const texts = useTexts()
  const { text } = texts
  const { readers } = view
  if (readers.length === 0) {
    return (
      <span className="status-item status-bad">
        <Usb aria-hidden />
        {text('status.readers.none')}
      </span>
    )
  }
  if (readers.length > NAMED_READERS) {
    return (
      <span className="status-item">
        <Usb aria-hidden />
        {text('status.readers.count', { count: readers.length })}
      </span>
    )
  }
  return (
    <ul className="status-readers" aria-label={text('status.readers.list')}>
      {readers.map((reader) => {
        const state = text(`status.reader.${reader.state}`)
        const name = readerName(texts, reader.name)
        const trouble = reader.state === 'mute' || reader.state === 'in-use'
        return (
          <li key={reader.name} className={trouble ? 'status-item status-bad' : 'status-item'} title={`${name}: ${state}`}>
            {reader.state === 'empty' ? <Usb aria-hidden /> : <IdCard aria-hidden />}
            <span className="status-text">
              <bdi>{name}</bdi>
              <span className={trouble ? undefined : 'only-heard'}>: {state}</span>
            </span>
          </li>
        )
      })}
    </ul>
  )
})

/** Small in front of other programs, or as large as before. */
function Resize({ compact }: { readonly compact: boolean }) {
  const { text } = useTexts()
  const send = useTerminal((state) => state.send)
  const words = text(compact ? 'window.large' : 'window.small')
  const Icon = compact ? Maximize2 : Minimize2
  return (
    <button
      type="button"
      className="resize"
      title={words}
      aria-label={words}
      onClick={() => void send({ kind: 'set-setting', change: { key: 'compact', value: !compact } })}
    >
      <Icon aria-hidden />
    </button>
  )
}

export function StatusBar({ snapshot }: { readonly snapshot: Snapshot }) {
  const texts = useTexts()
  const { text } = texts
  const { gateway, operator, readers } = snapshot
  const GatewayIcon = GATEWAY_ICONS[gateway.kind]
  const connection = gatewayText(texts, gateway)
  return (
    <header className="status-bar">
      <span className="brand" title={text('app.version', { version: snapshot.application.version })}>
        <Mark />
        {text('app.name')}
      </span>
      <span className={`status-item status-gateway-${gateway.kind}`} title={connection}>
        <GatewayIcon aria-hidden />
        <span className="status-text">{connection}</span>
      </span>
      <Readers view={readers} />
      {operator ? (
        <OperatorMenu operator={operator} isAtRest={snapshot.navigation !== undefined} />
      ) : (
        <span className="status-item status-operator" title={text('status.no-operator')}>
          <UserRound aria-hidden />
          <span className="status-text">{text('status.no-operator')}</span>
        </span>
      )}
      {snapshot.resizing && <Resize compact={snapshot.resizing.compact} />}
      <LanguageChoice language={snapshot.language} />
    </header>
  )
}
