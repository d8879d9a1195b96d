import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'
import { Button as AriaButton, type ButtonProps } from 'react-aria-components'

interface Props extends Omit<ButtonProps, 'className' | 'children' | 'style'> {
  /** 'primary' is the one thing to do next: at most one on a page. */
  readonly look?: 'primary' | 'secondary' | 'quiet'
  readonly icon?: LucideIcon
  readonly children: ReactNode
}

export function Button({ look = 'secondary', icon: Icon, children, ...props }: Props) {
  return (
    <AriaButton {...props} className={`button button-${look}`}>
      {Icon && <Icon className="button-icon" aria-hidden />}
      <span>{children}</span>
    </AriaButton>
  )
}
