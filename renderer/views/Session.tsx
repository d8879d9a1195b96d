import { KeyRound, LogOut, ShieldX } from 'lucide-react'
import { useState } from 'react'
import type { SessionView, Snapshot } from '../../electron/contract/snapshot.ts'
import { Button } from '../components/Button.tsx'
import { CardDrawing } from '../components/CardDrawing.tsx'
import { fullName, useTerminal, useTexts } from '../components/context.ts'
import { readerName } from '../components/reader-name.ts'
import { Stage } from '../components/Stage.tsx'
import { BlockDialog } from './BlockDialog.tsx'
import { Handovers } from './Handovers.tsx'
import { PersonRecord } from './PersonRecord.tsx'
import { includesRole } from './roles.ts'

interface Fact {
  readonly name: string
  readonly value: string
  /** 'wide' takes two places of the grid; so does 'number', which is set for comparing. */
  readonly kind?: 'wide' | 'number'
}

/** A person is logged in: who, since when, the login before this one and where. */
export function Session({ session, snapshot }: { readonly session: SessionView; readonly snapshot: Snapshot }) {
  const texts = useTexts()
  const { text } = texts
  const send = useTerminal((state) => state.send)
  const [blocking, setBlocking] = useState(false)
  const role = snapshot.operator?.role
  const facts: readonly Fact[] = [
    { name: text('session.reference'), value: session.reference },
    { name: text('session.registered'), value: texts.date(session.registeredAt) },
    { name: text('session.card-expires'), value: texts.date(session.cardExpiresAt) },
    {
      name: text('session.last'),
      value: session.last
        ? text('session.last-at', { when: texts.dateTime(session.last.at), site: session.last.site })
        : text('session.first'),
      kind: 'wide',
    },
    { name: text('session.reader'), value: readerName(texts, session.reader) },
    { name: text('session.card'), value: session.cardNumber, kind: 'number' },
    ...(session.role ? [{ name: text('session.role'), value: text(`role.${session.role}`) }] : []),
  ]
  return (
    <Stage
      title={text('session.title', { name: fullName(texts, session) })}
      hint={text('session.hint')}
      picture={session.record ? <PersonRecord record={session.record} /> : <CardDrawing pose="done" />}
    >
      <dl className="facts" aria-label={text('session.facts')}>
        {facts.map(({ name, value, kind }) => (
          <div key={name} className={kind === undefined ? 'fact' : `fact fact-wide fact-${kind}`}>
            <dt>{name}</dt>
            <dd>
              <bdi>{value}</bdi>
            </dd>
          </div>
        ))}
      </dl>
      {session.handovers && <Handovers {...session.handovers} />}
      <div className="actions">
        <Button look="primary" icon={LogOut} onPress={() => void send({ kind: 'end-session' })} autoFocus>
          {text('session.end')}
        </Button>
        <Button icon={KeyRound} onPress={() => void send({ kind: 'change-pin' })}>
          {text('session.change-pin')}
        </Button>
        {role && includesRole(role, 'supervisor') && (
          <Button look="quiet" icon={ShieldX} onPress={() => setBlocking(true)}>
            {text('block.action')}
          </Button>
        )}
      </div>
      <p className="fine-print">
        {text('session.time', { when: texts.dateTime(session.at), duration: texts.duration(session.loginMs) })}
      </p>
      {blocking && (
        <BlockDialog
          target={{ kind: 'session', name: fullName(texts, session) }}
          blocking={snapshot.blocking}
          onClose={() => setBlocking(false)}
        />
      )}
    </Stage>
  )
}
