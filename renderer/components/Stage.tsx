/** The middle of the window: one large sentence that says what to do now, then the one thing to touch. */
import { type ReactNode, useEffect, useRef } from 'react'
import { type Urgency, useAnnouncement } from './Announcer.tsx'

interface Props {
  /** A line above the title: which ceremony this is, and for whom. */
  readonly eyebrow?: string | undefined
  readonly title: string
  readonly hint?: string | undefined
  readonly urgency?: Urgency
  /** What is said instead of title and hint. */
  readonly spoken?: string | undefined
  /** A drawing beside the words. */
  readonly picture?: ReactNode
  readonly children?: ReactNode
}

export function Stage({ eyebrow, title, hint, urgency, spoken, picture, children }: Props) {
  const heading = useRef<HTMLHeadingElement>(null)
  useAnnouncement(spoken ?? (hint === undefined ? title : `${title}. ${hint}`), urgency)
  useEffect(() => {
    // What had the focus went away with the step before: go on from here, not from the top of the window.
    if (document.activeElement === null || document.activeElement === document.body) heading.current?.focus()
  }, [title])
  return (
    <div className={picture === undefined ? 'stage' : 'stage stage-pictured'}>
      <div className="stage-words">
        {eyebrow !== undefined && <p className="eyebrow">{eyebrow}</p>}
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {hint !== undefined && <p className="hint">{hint}</p>}
        {children}
      </div>
      {picture !== undefined && <div className="stage-picture">{picture}</div>}
    </div>
  )
}
