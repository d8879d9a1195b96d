/** The steps of a ceremony: where it stands, what is done, what comes. */
import { Check, X } from 'lucide-react'
import type { Step } from '../../electron/contract/snapshot.ts'
import { useTexts } from './context.ts'
import { ProgressLine } from './ProgressLine.tsx'

export function Steps({ steps }: { readonly steps: readonly Step[] }) {
  const { text } = useTexts()
  const done = steps.filter((step) => step.state === 'done').length
  const current = Math.min(done + 1, steps.length)
  return (
    <section className="steps" aria-label={text('ceremony.steps')}>
      <ProgressLine label={text('ceremony.progress', { step: current, total: steps.length })} value={done} total={steps.length} />
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
