/** A page to look things up: its name and the way back above, the rest below. */
import type { LucideIcon } from 'lucide-react'
import { type ReactNode, useEffect, useRef } from 'react'
import { useAnnouncement } from './Announcer.tsx'
import { Button } from './Button.tsx'

interface Props {
  readonly title: string
  readonly icon: LucideIcon
  readonly back: string
  readonly onBack: () => void
  readonly children: ReactNode
}

export function Sheet({ title, icon, back, onBack, children }: Props) {
  const heading = useRef<HTMLHeadingElement>(null)
  useAnnouncement(title)
  useEffect(() => heading.current?.focus(), [])
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && !event.repeat && document.querySelector('dialog[open]') === null) onBack()
    }
    window.addEventListener('keydown', listen)
    return () => window.removeEventListener('keydown', listen)
  }, [onBack])
  return (
    <div className="sheet">
      <header className="sheet-head">
        <Button look="quiet" icon={icon} onPress={onBack}>
          {back}
        </Button>
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
      </header>
      {children}
    </div>
  )
}
