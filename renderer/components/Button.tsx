import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'
import { Button as AriaButton, type ButtonProps } from 'react-aria-components'
import { iconClass } from './icons.ts'

interface Props extends Omit<ButtonProps, 'className' | 'children' | 'style'> {
  /** 'primary' is the one thing to do next: at most one on a page. 'danger' does what others will feel. */
  readonly look?: 'primary' | 'secondary' | 'quiet' | 'danger'
  readonly icon?: LucideIcon
  /** Stands behind the words: an arrow that points on. */
  readonly iconAfter?: LucideIcon
  readonly children: ReactNode
}

export function Button({ look = 'secondary', icon: Icon, iconAfter: IconAfter, children, ...props }: Props) {
  return (
    <AriaButton {...props} className={`button button-${look}`}>
      {Icon && <Icon className={iconClass('button-icon', Icon)} aria-hidden />}
      <span>{children}</span>
      {IconAfter && <IconAfter className={iconClass('button-icon', IconAfter)} aria-hidden />}
    </AriaButton>
  )
}
