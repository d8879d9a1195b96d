/** The person's record beside their login: what stands in it, and a note to add. */
import { CircleCheck, LockKeyhole, Save } from 'lucide-react'
import { type FormEvent, useEffect, useId, useState } from 'react'
import { Label, TextArea, TextField } from 'react-aria-components'
import {
  NOTE_MAX_LENGTH,
  type NoteView,
  type RecordEntry,
  type RecordLink,
  type RecordView,
} from '../../electron/contract/record.ts'
import { useAnnouncement } from '../components/Announcer.tsx'
import { Button } from '../components/Button.tsx'
import { useTerminal, useTexts } from '../components/context.ts'
import { ProblemNote } from '../components/ProblemNote.tsx'

export function PersonRecord({ record }: { readonly record: RecordView }) {
  const { text } = useTexts()
  const title = useId()
  const { link, entries, note } = record
  return (
    <section className="record" aria-labelledby={title}>
      <header className="record-head">
        <h2 id={title}>{text('record.title')}</h2>
        {link.kind === 'open' && (
          <p className="record-private">
            <LockKeyhole aria-hidden />
            {text('record.private')}
          </p>
        )}
      </header>
      <Link link={link} again={entries !== undefined} />
      {entries !== undefined && <Entries entries={entries} />}
      {entries !== undefined && (note.kind === 'not-allowed' ? <NotAllowed /> : <Note note={note} open={link.kind === 'open'} />)}
    </section>
  )
}

function Link({ link, again }: { readonly link: RecordLink; readonly again: boolean }) {
  const { text } = useTexts()
  switch (link.kind) {
    case 'connecting':
      return <p className="record-state late">{text(again ? 'record.again' : 'record.connecting')}</p>
    case 'open':
      return null
    case 'unavailable':
      return <ProblemNote problem={link.problem} tone="caution" />
    case 'refused':
      return <ProblemNote problem={link.problem} />
    default:
      return link satisfies never
  }
}

function Entries({ entries }: { readonly entries: readonly RecordEntry[] }) {
  const { text, dateTime } = useTexts()
  if (entries.length === 0) return <p className="record-state">{text('record.empty')}</p>
  return (
    // Keys scroll it, so it takes the focus.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls is worked by keys (WCAG 2.2, 2.1.1)
    <ol className="record-entries" aria-label={text('record.entries')} tabIndex={0}>
      {entries.map(({ number, at, author, text: words }) => (
        <li key={number}>
          <p className="record-words">
            <bdi>{words}</bdi>
          </p>
          <p className="record-by">
            {author !== undefined && (
              <>
                <bdi>{author}</bdi>
                {' · '}
              </>
            )}
            <time dateTime={new Date(at).toISOString()}>{dateTime(at)}</time>
          </p>
        </li>
      ))}
    </ol>
  )
}

function NotAllowed() {
  const { text } = useTexts()
  return <p className="record-state">{text('record.note-not-allowed')}</p>
}

function Note({ note, open }: { readonly note: NoteView; readonly open: boolean }) {
  const { text } = useTexts()
  const send = useTerminal((state) => state.send)
  const [words, setWords] = useState('')
  const sending = note.kind === 'sending'
  const added = note.kind === 'added' && words === ''
  useEffect(() => {
    if (note.kind === 'added') setWords('')
  }, [note])
  useAnnouncement(added ? text('record.note-added') : sending ? text('record.note-sending') : '')
  const save = (event: FormEvent) => {
    event.preventDefault()
    if (words.trim() !== '' && open && !sending) void send({ kind: 'add-note', text: words.trim() })
  }
  return (
    <form className="record-note" onSubmit={save}>
      {note.kind === 'failed' && <ProblemNote problem={note.problem} />}
      <TextField
        className="field"
        value={words}
        onChange={setWords}
        maxLength={NOTE_MAX_LENGTH}
        isReadOnly={sending}
        autoComplete="off"
      >
        <Label>{text('record.note')}</Label>
        <TextArea rows={2} />
      </TextField>
      <div className="record-save">
        <Button type="submit" icon={Save} isDisabled={!open || sending || words.trim() === ''}>
          {text('record.note-save')}
        </Button>
        {added && (
          <p className="record-added">
            <CircleCheck aria-hidden />
            {text('record.note-added')}
          </p>
        )}
      </div>
    </form>
  )
}
