/** From the operator's name: what each role may do, one's own marked; and the ways to leave the desk to somebody else. */
import { Check, Lock, LogOut, Minus, UserRound, UsersRound } from 'lucide-react'
import { memo, useState } from 'react'
import { Button as Pressable } from 'react-aria-components'
import { PAGES } from '../../electron/contract/pages.ts'
import type { OperatorView } from '../../electron/contract/snapshot.ts'
import { Button } from '../components/Button.tsx'
import { fullName, useTerminal, useTexts } from '../components/context.ts'
import { Dialog } from '../components/Dialog.tsx'
import type { Role } from '../store/terminal-store.ts'
import { includesRole, ROLES } from './roles.ts'

/** What the state machine and the gateway ask for (docs/user-guide.md). */
const NEEDS = {
  'log-in': 'desk',
  'change-pin': 'desk',
  'desk-readers': PAGES.readers,
  register: 'registrar',
  block: 'supervisor',
  unblock: 'supervisor',
  'all-readers': 'supervisor',
  findings: PAGES.findings,
} as const satisfies Readonly<Record<string, Role>>
const ACTIONS = Object.keys(NEEDS) as readonly (keyof typeof NEEDS)[]

interface Props {
  readonly operator: OperatorView
  /** Nothing needs the person just now: another operator may take over. */
  readonly isAtRest: boolean
}

export const OperatorMenu = memo(function OperatorMenu({ operator, isAtRest }: Props) {
  const texts = useTexts()
  const { text } = texts
  const [isOpen, setOpen] = useState(false)
  const who = text('status.operator', { name: fullName(texts, operator), role: text(`role.${operator.role}`) })
  return (
    <>
      <Pressable
        className="status-item status-operator status-button"
        aria-label={text('roles.open', { who })}
        aria-haspopup="dialog"
        onPress={() => setOpen(true)}
      >
        <UserRound aria-hidden />
        <span className="status-text" title={who}>
          {who}
        </span>
      </Pressable>
      {isOpen && <RolesDialog operator={operator} isAtRest={isAtRest} onClose={() => setOpen(false)} />}
    </>
  )
})

function RolesDialog({ operator, isAtRest, onClose }: Props & { readonly onClose: () => void }) {
  const texts = useTexts()
  const { text } = texts
  const send = useTerminal((state) => state.send)
  const leave = (kind: 'lock' | 'switch-operator' | 'sign-out') => {
    onClose()
    void send({ kind })
  }
  return (
    <Dialog title={text('roles.title')} hint={text('roles.hint')} onClose={onClose}>
      <div className="table-frame">
        <table className="table roles">
          <thead>
            <tr>
              <th scope="col">{text('roles.action')}</th>
              {ROLES.map((role) => (
                <th key={role} scope="col" className={role === operator.role ? 'roles-own' : undefined}>
                  {text(`role.${role}`)}
                  {role === operator.role && <span className="roles-mark">{text('roles.yours')}</span>}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {ACTIONS.map((action) => (
              <tr key={action}>
                <th scope="row">{text(`roles.do.${action}`)}</th>
                {ROLES.map((role) => {
                  const may = includesRole(role, NEEDS[action])
                  return (
                    <td key={role} className={role === operator.role ? 'roles-own' : undefined}>
                      {may ? <Check aria-hidden /> : <Minus aria-hidden />}
                      <span className="only-heard">{text(may ? 'roles.may' : 'roles.may-not')}</span>
                    </td>
                  )
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="fine-print">{text('roles.signed-in', { when: texts.dateTime(operator.since) })}</p>
      <div className="actions">
        <Button icon={Lock} onPress={() => leave('lock')}>
          {text('roles.lock')}
        </Button>
        {isAtRest && (
          <>
            <Button icon={UsersRound} onPress={() => leave('switch-operator')}>
              {text('roles.switch')}
            </Button>
            <Button icon={LogOut} onPress={() => leave('sign-out')}>
              {text('roles.sign-out')}
            </Button>
          </>
        )}
        <Button look="quiet" data-first onPress={onClose}>
          {text('roles.close')}
        </Button>
      </div>
    </Dialog>
  )
}
