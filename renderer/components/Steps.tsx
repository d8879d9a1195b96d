/** The steps of a ceremony: where it stands, what is done, what comes. */
import { Check, X } from 'lucide-react'
import { Label, ProgressBar } from 'react-aria-components'
import type { Step } from '../../electron/contract/snapshot.ts'
import { useTexts } from './context.ts'

export function Steps({ steps }: { readonly steps: readonly Step[] }) {
  const { text } = useTexts()
  const done = steps.filter((step) => step.state === 'done').length
  const current = Math.min(done + 1, steps.length)
  return (
    <section className="steps" aria-label={text('ceremony.steps')}>
      <ProgressBar
        className="progress"
        value={done}
        maxValue={steps.length}
        valueLabel={text('ceremony.progress', { step: current, total: steps.length })}
      >
        {({ valueText, percentage }) => (
          <>
            <Label>{valueText}</Label>
            <svg className="progress-track" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
              <rect className="progress-rest" width="100" height="4" />
              <rect className="progress-done" width={percentage ?? 0} height="4" />
            </svg>
          </>
        )}
      </ProgressBar>
      <ol>
        {steps.map((step) => (
          <li key={step.id} className={`step step-${step.state}`} aria-current={step.state === 'active' ? 'step' : undefined}>
            <span className="step-tile" aria-hidden="true">
              {step.state === 'done' && <Check />}
              {step.state === 'failed' && <X />}
            </span>
            <span>
              {text(`step.${step.id}`)} <span className="only-heard">({text(`step.state.${step.state}`)})</span>
            </span>
          </li>
        ))}
      </ol>
    </section>
  )
}
