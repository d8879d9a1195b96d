/** The window: state of the terminal above, the one thing to do in the middle, simulated cards below. */
import { Info } from 'lucide-react'
import { type ReactNode, useMemo } from 'react'
import { I18nProvider } from 'react-aria-components'
import type { StoreApi } from 'zustand'
import type { Snapshot } from '../../electron/contract/snapshot.ts'
import { Announcer } from '../components/Announcer.tsx'
import { useTerminal, useTexts, WindowContext } from '../components/context.ts'
import type { Texts } from '../locales/texts.ts'
import type { Speech } from '../store/speech.ts'
import type { TerminalState } from '../store/terminal-store.ts'
import { Activity } from './Activity.tsx'
import { Blocked } from './Blocked.tsx'
import { Batch } from './batch/Batch.tsx'
import { Ceremony } from './Ceremony.tsx'
import { Diagnostics } from './Diagnostics.tsx'
import { Enrol } from './Enrol.tsx'
import { Findings } from './Findings.tsx'
import { Idle } from './Idle.tsx'
import { Lock } from './Lock.tsx'
import { Navigation } from './Navigation.tsx'
import { FirstOperator, Register } from './PersonForm.tsx'
import { Readers } from './Readers.tsx'
import { Session } from './Session.tsx'
import { Settings } from './Settings.tsx'
import { SignIn } from './SignIn.tsx'
import { SimulationBanner, SimulationDesk } from './Simulation.tsx'
import { Starting } from './Starting.tsx'
import { StatusBar } from './StatusBar.tsx'
import { Training } from './Training.tsx'

interface Props {
  readonly store: StoreApi<TerminalState>
  readonly speech: Speech
}

export function App({ store, speech }: Props) {
  return (
    <InLanguage store={store} texts={speech.desk}>
      <Announcer of={speech.person}>
        <Frame store={store} person={speech.person} />
      </Announcer>
    </InLanguage>
  )
}

interface InLanguageProps {
  readonly store: StoreApi<TerminalState>
  readonly texts: Texts
  readonly children: ReactNode
}

/** Everything inside speaks these texts. */
function InLanguage({ store, texts, children }: InLanguageProps) {
  const value = useMemo(() => ({ store, texts }), [store, texts])
  return (
    <WindowContext value={value}>
      <I18nProvider locale={texts.locale}>{children}</I18nProvider>
    </WindowContext>
  )
}

/** What stands around the page is for the operator; the page is for the person too, and speaks their language. */
function Frame({ store, person }: { readonly store: StoreApi<TerminalState>; readonly person: Texts }) {
  const { text } = useTexts()
  const snapshot = useTerminal((state) => state.snapshot)
  const notice = useTerminal((state) => state.notice)
  return (
    <div className="frame">
      {snapshot && <StatusBar snapshot={snapshot} />}
      {snapshot?.simulation && <SimulationBanner isCut={snapshot.simulation.gatewayCut === true} />}
      <div className="middle">
        {snapshot?.navigation && <Navigation navigation={snapshot.navigation} newFindings={snapshot.newFindings} />}
        <main className="main" aria-label={text('app.main')} lang={person.locale} dir={person.direction}>
          <InLanguage store={store} texts={person}>
            {snapshot ? <PageView snapshot={snapshot} /> : <Starting />}
          </InLanguage>
          <div className="notice-place" role="status">
            {notice && (
              <p className="notice">
                <Info aria-hidden />
                {text(`notice.${notice}`)}
              </p>
            )}
          </div>
        </main>
      </div>
      {snapshot?.simulation && <SimulationDesk simulation={snapshot.simulation} />}
    </div>
  )
}

function PageView({ snapshot }: { readonly snapshot: Snapshot }) {
  const desk = useTerminal((state) => state.desk)
  const { page, operator } = snapshot
  switch (page.kind) {
    case 'starting':
      return <Starting />
    case 'enrol':
      return <Enrol busy={page.busy} problem={page.problem} />
    case 'first-operator':
      return <FirstOperator />
    case 'sign-in':
      return <SignIn snapshot={snapshot} problem={page.problem} />
    case 'locked':
      return <Lock page={page} snapshot={snapshot} />
    case 'idle':
      return desk === 'registering' && operator ? <Register operator={operator} /> : <Idle snapshot={snapshot} />
    case 'ceremony':
      return <Ceremony ceremony={page.ceremony} snapshot={snapshot} />
    case 'session':
      return <Session session={page.session} snapshot={snapshot} />
    case 'blocked':
      return <Blocked block={page.block} />
    case 'batch':
      return <Batch batch={page.batch} snapshot={snapshot} />
    case 'readers':
      return <Readers overview={page.overview} snapshot={snapshot} />
    case 'training':
      return <Training simulation={snapshot.simulation} />
    case 'activity':
      return <Activity overview={page.overview} />
    case 'findings':
      return <Findings overview={page.overview} snapshot={snapshot} />
    case 'settings':
      return <Settings page={page.page} />
    case 'diagnostics':
      return <Diagnostics diagnostics={page.diagnostics} />
    default:
      return page satisfies never
  }
}
