import { KeyRound, Lock, LogOut, type LucideIcon, UserPlus } from 'lucide-react'
import { useId } from 'react'
import { Button } from 'react-aria-components'
import type { Snapshot } from '../../electron/contract/snapshot.ts'
import { CardDrawing } from '../components/CardDrawing.tsx'
import { useTerminal, useTexts } from '../components/context.ts'
import { iconClass } from '../components/icons.ts'
import { Stage } from '../components/Stage.tsx'
import { Health } from './Health.tsx'
import { includesRole } from './roles.ts'

interface ActionProps {
  readonly icon: LucideIcon
  readonly label: string
  readonly hint: string
  readonly isDisabled?: boolean
  onPress(): void
}

function Action({ icon: Icon, label, hint, ...props }: ActionProps) {
  const name = useId()
  const explanation = useId()
  return (
    <Button {...props} className="action" aria-labelledby={name} aria-describedby={explanation}>
      <Icon className={iconClass('action-icon', Icon)} aria-hidden />
      <span id={name} className="action-label">
        {label}
      </span>
      <span id={explanation} className="action-hint">
        {hint}
      </span>
    </Button>
  )
}

/** Ready for a person: the card starts the login; what else the operator may do stands below. */
export function Idle({ snapshot }: { readonly snapshot: Snapshot }) {
  const { text } = useTexts()
  const send = useTerminal((state) => state.send)
  const openRegistration = useTerminal((state) => state.openRegistration)
  const role = snapshot.operator?.role
  const mayRegister = role !== undefined && includesRole(role, 'registrar')
  return (
    <Stage title={text('idle.title')} hint={text('idle.hint')} picture={<CardDrawing pose="insert" />}>
      <Health snapshot={snapshot} />
      <section className="desk-actions" aria-label={text('idle.actions')}>
        <Action
          icon={mayRegister ? UserPlus : Lock}
          label={text('idle.register')}
          hint={text(mayRegister ? 'idle.register-hint' : 'idle.register-locked')}
          isDisabled={!mayRegister}
          onPress={openRegistration}
        />
        <Action
          icon={KeyRound}
          label={text('idle.change-pin')}
          hint={text('idle.change-pin-hint')}
          onPress={() => void send({ kind: 'change-pin' })}
        />
        <Action
          icon={LogOut}
          label={text('idle.sign-out')}
          hint={text('idle.sign-out-hint')}
          onPress={() => void send({ kind: 'sign-out' })}
        />
      </section>
      {role && <p className="role-note">{text(`role.${role}.may`)}</p>}
    </Stage>
  )
}
