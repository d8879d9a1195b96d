import { KeyRound, LogOut } from 'lucide-react'
import type { SessionView } from '../../electron/contract/snapshot.ts'
import { Button } from '../components/Button.tsx'
import { CardDrawing } from '../components/CardDrawing.tsx'
import { fullName, useTerminal, useTexts } from '../components/context.ts'
import { Stage } from '../components/Stage.tsx'

/** A person is logged in: who, since when, the login before this one and where. */
export function Session({ session }: { readonly session: SessionView }) {
  const texts = useTexts()
  const { text } = texts
  const send = useTerminal((state) => state.send)
  const facts: readonly (readonly [name: string, value: string])[] = [
    [text('session.reference'), session.reference],
    [
      text('session.last'),
      session.last
        ? text('session.last-at', { when: texts.dateTime(session.last.at), site: session.last.site })
        : text('session.first'),
    ],
    [text('session.registered'), texts.date(session.registeredAt)],
    ...(session.role ? [[text('session.role'), text(`role.${session.role}`)] as const] : []),
    [text('session.card'), session.cardNumber],
    [text('session.card-expires'), texts.date(session.cardExpiresAt)],
    [text('session.reader'), session.reader],
  ]
  return (
    <Stage
      title={text('session.title', { name: fullName(texts, session) })}
      hint={text('session.hint')}
      picture={<CardDrawing pose="done" />}
    >
      <dl className="facts" aria-label={text('session.facts')}>
        {facts.map(([name, value]) => (
          <div key={name} className="fact">
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <div className="actions">
        <Button look="primary" icon={LogOut} onPress={() => void send({ kind: 'end-session' })} autoFocus>
          {text('session.end')}
        </Button>
        <Button icon={KeyRound} onPress={() => void send({ kind: 'change-pin' })}>
          {text('session.change-pin')}
        </Button>
      </div>
      <p className="fine-print">
        {text('session.time', { when: texts.dateTime(session.at), duration: texts.duration(session.loginMs) })}
      </p>
    </Stage>
  )
}
