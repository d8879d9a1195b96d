/** Readers: at this desk why each can or cannot be used; for a supervisor every reader of every desk. */
import { ArrowLeft, CircleAlert, CircleCheck, IdCard, Search, Usb } from 'lucide-react'
import { type FormEvent, memo, useState } from 'react'
import type { DeskReader, PlaceView, ReadersOverview, Snapshot } from '../../electron/contract/snapshot.ts'
import { useAnnouncement } from '../components/Announcer.tsx'
import { Button } from '../components/Button.tsx'
import { useTerminal, useTexts } from '../components/context.ts'
import { ProblemNote, remedyOf } from '../components/ProblemNote.tsx'
import { readerName } from '../components/reader-name.ts'
import { Sheet } from '../components/Sheet.tsx'

export function Readers({ overview, snapshot }: { readonly overview: ReadersOverview; readonly snapshot: Snapshot }) {
  const { text } = useTexts()
  const send = useTerminal((state) => state.send)
  const { desk, problem } = snapshot.readers
  return (
    <Sheet
      title={text('readers.title')}
      icon={ArrowLeft}
      back={text('readers.close')}
      onBack={() => void send({ kind: 'dismiss' })}
    >
      <section aria-labelledby="readers-desk">
        <h2 id="readers-desk">{text('readers.desk')}</h2>
        {problem && <ProblemNote problem={problem} />}
        <ul className="desk-readers">
          {desk.map((reader) => (
            <DeskReaderItem key={reader.name} reader={reader} />
          ))}
        </ul>
      </section>
      {overview.everywhere && <Everywhere everywhere={overview.everywhere} />}
    </Sheet>
  )
}

function DeskReaderItem({ reader }: { readonly reader: DeskReader }) {
  const texts = useTexts()
  const { text } = texts
  const { problem } = reader
  const Icon = reader.state === 'no-card' || reader.state === 'starting' ? Usb : problem ? CircleAlert : CircleCheck
  return (
    <li className={problem ? 'desk-reader desk-reader-troubled' : 'desk-reader'}>
      <Icon className="desk-reader-icon" aria-hidden />
      <div>
        <p className="desk-reader-name">
          <bdi>{readerName(texts, reader.name)}</bdi>
        </p>
        <p>{text(`readers.state.${reader.state}`)}</p>
        {problem && (
          <p className="desk-reader-remedy">
            {text(`problem.${problem.code}.title`)}. {remedyOf(texts, problem).join(' ')}
          </p>
        )}
      </div>
    </li>
  )
}

type EverywhereView = NonNullable<ReadersOverview['everywhere']>

/** What of a row is searched while the person types. */
const words = ({ site, reader, terminal, cardNumber = '' }: PlaceView): string =>
  `${site} ${reader} ${terminal} ${cardNumber} ${cardNumber.replaceAll(' ', '')}`.toLowerCase()

function Everywhere({ everywhere }: { readonly everywhere: EverywhereView }) {
  const { text } = useTexts()
  const send = useTerminal((state) => state.send)
  const { places, search, state, problem, hasMore } = everywhere
  const [typed, setTyped] = useState(search)
  const wanted = typed.trim()
  // What the gateway was asked for has matched already, by rules of its own.
  const shown = wanted === search ? places : places.filter((place) => words(place).includes(wanted.toLowerCase()))
  const loading = state === 'loading'
  useAnnouncement(loading ? text('readers.loading') : text('readers.count', { count: shown.length }))

  function submit(event: FormEvent): void {
    event.preventDefault()
    void send({ kind: 'show-readers', ...(wanted === '' ? {} : { search: wanted }) })
  }

  return (
    <section aria-labelledby="readers-everywhere">
      <h2 id="readers-everywhere">{text('readers.everywhere')}</h2>
      <form className="search" onSubmit={submit}>
        <label className="field">
          <span>{text('readers.search')}</span>
          <input
            value={typed}
            maxLength={120}
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => setTyped(event.target.value)}
          />
        </label>
        <Button type="submit" icon={Search}>
          {text('readers.search-submit')}
        </Button>
        {search !== '' && (
          <Button
            look="quiet"
            onPress={() => {
              setTyped('')
              void send({ kind: 'show-readers' })
            }}
          >
            {text('readers.search-reset')}
          </Button>
        )}
      </form>
      {problem && <ProblemNote problem={problem} />}
      {shown.length > 0 ? (
        <Places places={shown} />
      ) : (
        !problem && <p className="hint">{text(loading ? 'readers.loading' : 'readers.none')}</p>
      )}
      {hasMore && (
        <Button isPending={loading} onPress={() => void send({ kind: 'show-more' })}>
          {text('readers.more')}
        </Button>
      )}
    </section>
  )
}

function Places({ places }: { readonly places: readonly PlaceView[] }) {
  const { text } = useTexts()
  return (
    <div className="table-frame">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{text('readers.site')}</th>
            <th scope="col">{text('readers.reader')}</th>
            <th scope="col">{text('readers.state')}</th>
            <th scope="col">{text('readers.card')}</th>
            <th scope="col">{text('readers.since')}</th>
            <th scope="col">{text('readers.seen')}</th>
          </tr>
        </thead>
        <tbody>
          {places.map((place) => (
            <PlaceRow key={`${place.terminal} ${place.reader}`} place={place} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** Drawn once for each place that is told: typing only takes rows away and brings them back. */
const PlaceRow = memo(function PlaceRow({ place }: { readonly place: PlaceView }) {
  const texts = useTexts()
  const { text } = texts
  const state = !place.online ? 'offline' : place.present ? place.state : 'detached'
  return (
    <tr className={place.online && place.present ? undefined : 'row-away'}>
      <th scope="row">
        <bdi>{place.site}</bdi>
      </th>
      <td>
        <bdi>{readerName(texts, place.reader)}</bdi>
        {place.simulated && <span className="tag">{text('readers.simulated')}</span>}
      </td>
      <td className="cell-icon">
        {state === 'card' ? <IdCard aria-hidden /> : <Usb aria-hidden />}
        {text(`readers.place.${state}`)}
      </td>
      <td className="cell-number">
        <bdi>{place.cardNumber}</bdi>
      </td>
      <td>{texts.dateTime(place.since)}</td>
      <td>{texts.dateTime(place.seenAt)}</td>
    </tr>
  )
})
