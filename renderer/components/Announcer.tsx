/** Speaks each step to screen readers: one polite region and one for what must not wait, always in the page. */
import { createContext, type ReactNode, useCallback, useContext, useEffect, useState } from 'react'
import type { Texts } from '../locales/texts.ts'

/** 'step' waits its turn; 'problem' interrupts. */
export type Urgency = 'step' | 'problem'
type Announce = (words: string, urgency: Urgency) => void

const AnnounceContext = createContext<Announce>(() => {})

/** `of` tells the language of what is said, so that it is pronounced as such. */
export function Announcer({ of, children }: { readonly of: Texts; readonly children: ReactNode }) {
  const [step, setStep] = useState('')
  const [problem, setProblem] = useState('')
  const announce = useCallback<Announce>((words, urgency) => (urgency === 'step' ? setStep(words) : setProblem(words)), [])
  return (
    <AnnounceContext value={announce}>
      {children}
      <div className="only-heard" role="status" lang={of.locale} dir={of.direction}>
        {step}
      </div>
      <div className="only-heard" role="alert" lang={of.locale} dir={of.direction}>
        {problem}
      </div>
    </AnnounceContext>
  )
}

/** Says the words when they change; empty words are silence. */
export function useAnnouncement(words: string, urgency: Urgency = 'step'): void {
  const announce = useContext(AnnounceContext)
  useEffect(() => {
    if (words === '') return
    announce(words, urgency)
    return urgency === 'problem' ? () => announce('', urgency) : undefined
  }, [announce, words, urgency])
}
