/** How much of something is done: in words, and as a line that fills. */
import { Label, ProgressBar } from 'react-aria-components'

interface Props {
  /** What is read, and heard. */
  readonly label: string
  readonly value: number
  readonly total: number
  /** Beside 'progress'. */
  readonly className?: string
}

export function ProgressLine({ label, value, total, className }: Props) {
  return (
    <ProgressBar
      className={className === undefined ? 'progress' : `progress ${className}`}
      value={value}
      maxValue={total}
      valueLabel={label}
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
  )
}
