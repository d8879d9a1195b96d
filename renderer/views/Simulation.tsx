/** Simulated cards, in plain view: a banner that cannot be overlooked, and a desk with readers and cards to try things on. */
import { ChevronDown, ChevronUp, CloudOff, FlaskConical, Grid3x3, Plug, Plus, Zap } from 'lucide-react'
import { memo } from 'react'
import { Button } from 'react-aria-components'
import type { SimulatedCardView, SimulationView } from '../../electron/contract/snapshot.ts'
import { MISHAPS } from '../../electron/contract/training.ts'
import { useTerminal, useTexts } from '../components/context.ts'
import { readerName } from '../components/reader-name.ts'
import type { Texts } from '../locales/texts.ts'
import { ExerciseBar } from './ExerciseBar.tsx'
import { SimulatedPad } from './SimulatedPad.tsx'

export function SimulationBanner({ isCut }: { readonly isCut: boolean }) {
  const { text } = useTexts()
  return (
    <p className="simulation-banner">
      <FlaskConical aria-hidden />
      {text('simulation.banner')}
      {isCut && (
        <span className="simulation-cut">
          <CloudOff aria-hidden />
          {text('simulation.is-cut')}
        </span>
      )}
    </p>
  )
}

interface CardProps {
  readonly card: SimulatedCardView
  readonly simulation: SimulationView
}

const labelOf = ({ text }: Texts, { number, label }: SimulatedCardView): string =>
  number === undefined ? label : text('simulation.card', { number })

function SimulatedCard({ card, simulation }: CardProps) {
  const texts = useTexts()
  const { text } = texts
  const send = useTerminal((state) => state.send)
  const holding = simulation.readers.find((reader) => reader.card === card.id)
  const free = simulation.readers.find((reader) => reader.card === undefined)
  const label = labelOf(texts, card)
  const about = card.mishap
    ? text(`mishap.${card.mishap}`)
    : holding
      ? readerName(texts, holding.name)
      : (card.holder ?? text(`simulation.${card.state}`))
  return (
    <li className={`sim-card${holding ? ' sim-card-inside' : ''}${card.part ? ' sim-card-part' : ''}`}>
      <span className={`sim-face sim-face-${card.state}`} aria-hidden="true" />
      <span className="sim-words">
        <span className="sim-label">{card.part ? text(`simulation.part.${card.part}`) : label}</span>
        <span className="sim-state">{card.part ? `${label} · ${about}` : about}</span>
      </span>
      <MishapChoice card={card} label={label} />
      {holding ? (
        <Button
          className="sim-button"
          aria-label={text('simulation.remove', { card: label, reader: readerName(texts, holding.name) })}
          onPress={() => void send({ kind: 'simulate-remove', reader: holding.name })}
        >
          {text('simulation.remove-short')}
        </Button>
      ) : (
        free && (
          <Button
            className="sim-button"
            aria-label={text('simulation.insert', { card: label, reader: readerName(texts, free.name) })}
            onPress={() => void send({ kind: 'simulate-insert', card: card.id, reader: free.name })}
          >
            {text('simulation.insert-short')}
          </Button>
        )
      )}
    </li>
  )
}

/** A plain select behind a sign, for the reasons that the choice of the language has. */
function MishapChoice({ card, label }: { readonly card: SimulatedCardView; readonly label: string }) {
  const { text } = useTexts()
  const send = useTerminal((state) => state.send)
  const name = text('mishap.label', { card: label })
  return (
    <span className={card.mishap ? 'sim-mishap sim-mishap-set' : 'sim-mishap'} title={name}>
      <Zap aria-hidden />
      <select
        className="sim-mishap-select"
        aria-label={name}
        value={card.mishap ?? 'none'}
        onChange={({ target }) => {
          const mishap = MISHAPS.find((known) => known === target.value)
          if (mishap) void send({ kind: 'simulate-mishap', card: card.id, mishap })
        }}
      >
        {MISHAPS.map((mishap) => (
          <option key={mishap} value={mishap}>
            {text(`mishap.${mishap}`)}
          </option>
        ))}
      </select>
    </span>
  )
}

export const SimulationDesk = memo(function SimulationDesk({ simulation }: { readonly simulation: SimulationView }) {
  const { text } = useTexts()
  const open = useTerminal((state) => state.simulationOpen)
  const toggle = useTerminal((state) => state.toggleSimulation)
  const send = useTerminal((state) => state.send)
  const isCut = simulation.gatewayCut === true
  const cutLabel = text(isCut ? 'simulation.mend' : 'simulation.cut')
  // What the exercise is about comes first, where it is seen without looking for it.
  const cards = [...simulation.cards].sort((a, b) => Number(b.part !== undefined) - Number(a.part !== undefined))
  return (
    <aside className="sim-desk" aria-label={text('simulation.panel')}>
      {simulation.training?.exercise && <ExerciseBar exercise={simulation.training.exercise} />}
      {simulation.pinPad?.shown !== undefined && (
        <SimulatedPad shown={simulation.pinPad.shown} asks={simulation.pinPad.asks ?? 'pin'} />
      )}
      <div className={open ? 'sim sim-open' : 'sim'}>
        {open && (
          <>
            {simulation.cards.length === 0 && <p className="sim-none">{text('simulation.no-cards')}</p>}
            <ul className="sim-cards">
              {cards.map((card) => (
                <SimulatedCard key={card.id} card={card} simulation={simulation} />
              ))}
            </ul>
            <Button className="sim-button sim-new" onPress={() => void send({ kind: 'simulate-new-card' })}>
              <Plus aria-hidden />
              {text('simulation.new-card')}
            </Button>
            <Button
              className={simulation.pinPad ? 'sim-button sim-mend' : 'sim-button'}
              aria-label={text(simulation.pinPad ? 'simulation.pad-off' : 'simulation.pad')}
              onPress={() => void send({ kind: 'simulate-pin-pad', present: simulation.pinPad === undefined })}
            >
              <Grid3x3 aria-hidden />
            </Button>
            <Button
              className={isCut ? 'sim-button sim-mend' : 'sim-button'}
              aria-label={cutLabel}
              onPress={() => void send({ kind: 'simulate-gateway', cut: !isCut })}
            >
              {isCut ? <Plug aria-hidden /> : <CloudOff aria-hidden />}
              {isCut && cutLabel}
            </Button>
          </>
        )}
        <Button
          className="sim-button sim-toggle"
          aria-expanded={open}
          aria-label={text(open ? 'simulation.hide' : 'simulation.show')}
          onPress={toggle}
        >
          {open ? <ChevronDown aria-hidden /> : <ChevronUp aria-hidden />}
          {!open && text('simulation.show')}
        </Button>
      </div>
    </aside>
  )
})
