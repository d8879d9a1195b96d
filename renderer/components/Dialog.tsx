/** A question before something that others will feel. The browser's own dialog keeps the focus in and answers to Escape. */
import { type ReactNode, useEffect, useId, useRef } from 'react'
import { useAnnouncement } from './Announcer.tsx'

/** What has `data-first` in it has the focus first. */
interface Props {
  readonly title: string
  readonly hint?: string
  readonly onClose: () => void
  readonly children: ReactNode
}

export function Dialog({ title, hint, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null)
  const name = useId()
  const about = useId()
  useAnnouncement(hint === undefined ? title : `${title} ${hint}`)
  useEffect(() => {
    const element = dialog.current
    const before = document.activeElement
    element?.showModal()
    // The browser would take the first control, which is the one that does it.
    element?.querySelector<HTMLElement>('[data-first]')?.focus()
    return () => {
      element?.close()
      if (before instanceof HTMLElement) before.focus()
    }
  }, [])
  return (
    <dialog
      ref={dialog}
      className="dialog"
      aria-labelledby={name}
      aria-describedby={hint === undefined ? undefined : about}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
    >
      <h2 id={name}>{title}</h2>
      {hint !== undefined && (
        <p id={about} className="hint">
          {hint}
        </p>
      )}
      {children}
    </dialog>
  )
}
