/** One page, four causes: what still works, who can undo it, and how. */
import { ShieldCheck } from 'lucide-react'
import { useEffect } from 'react'
import type { BlockView } from '../../electron/contract/snapshot.ts'
import { Button } from '../components/Button.tsx'
import { CardDrawing } from '../components/CardDrawing.tsx'
import { fullName, useTerminal, useTexts } from '../components/context.ts'
import { Stage } from '../components/Stage.tsx'
import type { Texts } from '../locales/texts.ts'
import { findingName } from './finding-names.ts'

function whatHappened(texts: Texts, { cause, by, finding }: BlockView): string {
  const { text } = texts
  switch (cause) {
    case 'finding':
      return text('blocked.finding.what', { finding: findingName(texts, finding) })
    case 'card':
      if (by === 'finding') return text('blocked.by.finding', { finding: findingName(texts, finding) })
      return by === undefined ? text('blocked.card.what') : text(`blocked.by.${by}`)
    case 'pin':
    case 'puk':
      return text(`blocked.${cause}.what`)
    default:
      return cause satisfies never
  }
}

export function Blocked({ block }: { readonly block: BlockView }) {
  const texts = useTexts()
  const { text } = texts
  const send = useTerminal((state) => state.send)
  const { cause, person, canUnblock, onCard, cardNumber } = block
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && !event.repeat) void send({ kind: 'dismiss' })
    }
    window.addEventListener('keydown', listen)
    return () => window.removeEventListener('keydown', listen)
  }, [send])
  const facts = (['works', 'who', 'how'] as const).map((name) => ({
    name: text(`blocked.${name}`),
    value: text(`blocked.${cause}.${name}`),
  }))
  const details = [
    ...(cardNumber === undefined ? [] : [text('blocked.card-number', { number: cardNumber })]),
    ...(block.at === undefined ? [] : [text('blocked.since', { when: texts.dateTime(block.at) })]),
    text('problem.code', { code: block.code }),
  ]
  return (
    <Stage
      eyebrow={person && fullName(texts, person)}
      title={text(`blocked.${cause}.title`)}
      hint={whatHappened(texts, block)}
      urgency="problem"
      picture={<CardDrawing pose="blocked" />}
    >
      <dl className="answers" aria-label={text('blocked.about')}>
        {facts.map(({ name, value }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {onCard && (
        <p className="answers-more" role="status">
          {text(`blocked.on-card.${onCard}`)}
        </p>
      )}
      <div className="actions">
        {canUnblock && (
          <Button look="primary" icon={ShieldCheck} onPress={() => void send({ kind: 'unblock' })}>
            {text('blocked.unblock')}
          </Button>
        )}
        <Button look={canUnblock ? 'secondary' : 'primary'} onPress={() => void send({ kind: 'dismiss' })} autoFocus>
          {text('blocked.close')}
        </Button>
      </div>
      <p className="fine-print">{details.join(' · ')}</p>
    </Stage>
  )
}
