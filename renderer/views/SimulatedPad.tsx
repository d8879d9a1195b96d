/** The keys of the simulated PIN pad, drawn where a real one would stand beside the computer. */
import { Button } from 'react-aria-components'
import { PAD_KEYS, type PadPrompt } from '../../electron/contract/training.ts'
import { useTerminal, useTexts } from '../components/context.ts'

export function SimulatedPad({ shown, asks }: { readonly shown: number; readonly asks: PadPrompt }) {
  const { text } = useTexts()
  const send = useTerminal((state) => state.send)
  return (
    <section className="sim-pad" aria-label={text('simulation.pad-panel')}>
      <p className="sim-pad-display">
        <span className="sim-pad-asks" role="status">
          {text(`simulation.pad-asks.${asks}`)}
        </span>
        <span aria-hidden="true">{'•'.repeat(shown) || ' '}</span>
      </p>
      {PAD_KEYS.map((key) => {
        const isDigit = key !== 'clear' && key !== 'cancel' && key !== 'ok'
        return (
          <Button
            key={key}
            className={`sim-button sim-pad-key sim-pad-${isDigit ? 'digit' : key}`}
            {...(isDigit ? { 'aria-label': text('simulation.pad-digit', { digit: key }) } : {})}
            onPress={() => void send({ kind: 'simulate-pad-key', key })}
          >
            {isDigit ? key : text(`simulation.pad-key.${key}`)}
          </Button>
        )
      })}
    </section>
  )
}
