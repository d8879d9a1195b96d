import { KeyRound, LogOut } from 'lucide-react'
import type { SessionView } from '../../electron/contract/snapshot.ts'
import { Button } from '../components/Button.tsx'
import { CardDrawing } from '../components/CardDrawing.tsx'
import { fullName, useTerminal, useTexts } from '../components/context.ts'
import { Stage } from '../components/Stage.tsx'

interface Fact {
  readonly name: string
  readonly value: string
  /** 'wide' takes two places of the grid; so does 'number', which is set for comparing. */
  readonly kind?: 'wide' | 'number'
}

/** A person is logged in: who, since when, the login before this one and where. */
export function Session({ session }: { readonly session: SessionView }) {
  const texts = useTexts()
  const { text } = texts
  const send = useTerminal((state) => state.send)
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
    { name: text('session.reader'), value: session.reader },
    { name: text('session.card'), value: session.cardNumber, kind: 'number' },
    ...(session.role ? [{ name: text('session.role'), value: text(`role.${session.role}`) }] : []),
  ]
  return (
    <Stage
      title={text('session.title', { name: fullName(texts, session) })}
      hint={text('session.hint')}
      picture={<CardDrawing pose="done" />}
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
