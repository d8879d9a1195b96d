/** The way to the window's pages. What a role may not open stands there all the same, with the reason. */
import { Activity, GraduationCap, House, Layers, Lock, type LucideIcon, Radar, Settings, Stethoscope, Usb } from 'lucide-react'
import { memo, useId } from 'react'
import type { NavigationEntry, NavigationView, PageName } from '../../electron/contract/pages.ts'
import { useTerminal, useTexts } from '../components/context.ts'

const ICONS: { readonly [Page in PageName]: LucideIcon } = {
  desk: House,
  batch: Layers,
  readers: Usb,
  activity: Activity,
  findings: Radar,
  training: GraduationCap,
  diagnostics: Stethoscope,
  settings: Settings,
}

interface Props {
  readonly navigation: NavigationView
  readonly newFindings: number | undefined
}

export const Navigation = memo(function Navigation({ navigation, newFindings }: Props) {
  const { text } = useTexts()
  const { current, pages } = navigation
  return (
    <nav className="navigation" aria-label={text('navigation.label')}>
      <ul>
        {pages.map((entry) => (
          <li key={entry.page}>
            <Item entry={entry} isCurrent={entry.page === current} news={entry.page === 'findings' ? newFindings : undefined} />
          </li>
        ))}
      </ul>
    </nav>
  )
})

interface ItemProps {
  readonly entry: NavigationEntry
  readonly isCurrent: boolean
  readonly news: number | undefined
}

function Item({ entry: { page, needs }, isCurrent, news }: ItemProps) {
  const { text } = useTexts()
  const send = useTerminal((state) => state.send)
  const closeRegistration = useTerminal((state) => state.closeRegistration)
  const name = useId()
  const reason = useId()
  const locked = needs !== undefined
  const Icon = locked ? Lock : ICONS[page]

  function open(): void {
    if (locked) return
    if (page === 'desk') closeRegistration()
    void send({ kind: 'show', page })
  }

  // A locked page keeps its place in the order of the keyboard, so that the reason is heard there.
  return (
    <button
      type="button"
      className="navigation-item"
      aria-current={isCurrent ? 'page' : undefined}
      aria-disabled={locked || undefined}
      aria-labelledby={name}
      aria-describedby={locked ? reason : undefined}
      onClick={open}
    >
      <Icon className="navigation-icon" aria-hidden />
      <span id={name} className="navigation-label">
        {text(`navigation.${page}`)}
        {news !== undefined && (
          <>
            {' '}
            <span className="badge">{text('findings.new', { count: news })}</span>
          </>
        )}
      </span>
      {locked && (
        <span id={reason} className="navigation-reason">
          {text(`navigation.needs.${needs}`)}
        </span>
      )}
    </button>
  )
}
