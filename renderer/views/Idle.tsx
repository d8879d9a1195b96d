import { KeyRound, Lock, LogOut, type LucideIcon, ShieldCheck, ShieldX, UserPlus } from 'lucide-react'
import { useId, useState } from 'react'
import { Button as Pressable } from 'react-aria-components'
import type { Snapshot } from '../../electron/contract/snapshot.ts'
import { Button } from '../components/Button.tsx'
import { CardDrawing } from '../components/CardDrawing.tsx'
import { useTerminal, useTexts } from '../components/context.ts'
import { iconClass } from '../components/icons.ts'
import { Stage } from '../components/Stage.tsx'
import { BlockDialog } from './BlockDialog.tsx'
import { Health } from './Health.tsx'
import { includesRole } from './roles.ts'

interface ActionProps {
  readonly icon: LucideIcon
  readonly label: string
  readonly hint: string
  readonly isDisabled?: boolean
  onPress(): void
}

/** The whole tile is the button's to be hit; its name is the label alone, and the hint describes it. */
function Action({ icon: Icon, label, hint, ...props }: ActionProps) {
  const explanation = useId()
  return (
    <div className={props.isDisabled ? 'action action-off' : 'action'}>
      <Pressable {...props} className="action-button" aria-describedby={explanation}>
        <Icon className={iconClass('action-icon', Icon)} aria-hidden />
        <span className="action-label">{label}</span>
      </Pressable>
      <p id={explanation} className="action-hint">
        {hint}
      </p>
    </div>
  )
}

/** What a supervisor does now and then. */
function MoreActions({ snapshot }: { readonly snapshot: Snapshot }) {
  const { text } = useTexts()
  const send = useTerminal((state) => state.send)
  const [blocking, setBlocking] = useState(false)
  return (
    <div className="desk-more">
      <Button look="quiet" icon={ShieldCheck} onPress={() => void send({ kind: 'unblock' })}>
        {text('unblock.action')}
      </Button>
      <Button look="quiet" icon={ShieldX} onPress={() => setBlocking(true)}>
        {text('block.action-number')}
      </Button>
      {blocking && <BlockDialog target={{ kind: 'typed' }} blocking={snapshot.blocking} onClose={() => setBlocking(false)} />}
    </div>
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
      {role && includesRole(role, 'supervisor') && <MoreActions snapshot={snapshot} />}
      {role && <p className="role-note">{text(`role.${role}.may`)}</p>}
    </Stage>
  )
}
