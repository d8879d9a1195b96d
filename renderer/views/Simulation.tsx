/** Simulated cards, in plain view: a banner that cannot be overlooked, and a desk with readers and cards to try things on. */
import { ChevronDown, ChevronUp, FlaskConical, Plus } from 'lucide-react'
import { Button } from 'react-aria-components'
import type { SimulatedCardView, SimulationView } from '../../electron/contract/snapshot.ts'
import { useTerminal, useTexts } from '../components/context.ts'

export function SimulationBanner() {
  const { text } = useTexts()
  return (
    <p className="simulation-banner">
      <FlaskConical aria-hidden />
      {text('simulation.banner')}
    </p>
  )
}

function SimulatedCard({ card, simulation }: { readonly card: SimulatedCardView; readonly simulation: SimulationView }) {
  const { text } = useTexts()
  const send = useTerminal((state) => state.send)
  const holding = simulation.readers.find((reader) => reader.card === card.id)
  const free = simulation.readers.find((reader) => reader.card === undefined)
  return (
    <li className={holding ? 'sim-card sim-card-inside' : 'sim-card'}>
      <span className={`sim-face sim-face-${card.state}`} aria-hidden="true" />
      <span className="sim-words">
        <span className="sim-label">{card.label}</span>
        <span className="sim-state">{holding ? holding.name : (card.holder ?? text(`simulation.${card.state}`))}</span>
      </span>
      {holding ? (
        <Button
          className="sim-button"
          aria-label={text('simulation.remove', { card: card.label, reader: holding.name })}
          onPress={() => void send({ kind: 'simulate-remove', reader: holding.name })}
        >
          {text('simulation.remove-short')}
        </Button>
      ) : (
        free && (
          <Button
            className="sim-button"
            aria-label={text('simulation.insert', { card: card.label, reader: free.name })}
            onPress={() => void send({ kind: 'simulate-insert', card: card.id, reader: free.name })}
          >
            {text('simulation.insert-short')}
          </Button>
        )
      )}
    </li>
  )
}

export function SimulationDesk({ simulation }: { readonly simulation: SimulationView }) {
  const { text } = useTexts()
  const open = useTerminal((state) => state.simulationOpen)
  const toggle = useTerminal((state) => state.toggleSimulation)
  const send = useTerminal((state) => state.send)
  return (
    <aside className={open ? 'sim sim-open' : 'sim'} aria-label={text('simulation.panel')}>
      {open && (
        <>
          {simulation.cards.length === 0 && <p className="sim-none">{text('simulation.no-cards')}</p>}
          <ul className="sim-cards">
            {simulation.cards.map((card) => (
              <SimulatedCard key={card.id} card={card} simulation={simulation} />
            ))}
          </ul>
          <Button className="sim-button sim-new" onPress={() => void send({ kind: 'simulate-new-card' })}>
            <Plus aria-hidden />
            {text('simulation.new-card')}
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
    </aside>
  )
}
