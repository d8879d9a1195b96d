/** What a file holds, before anything is taken from it. */
import { ArrowRight, FileSpreadsheet } from 'lucide-react'
import { useId, useState } from 'react'
import { Checkbox } from 'react-aria-components'
import type { BatchField, BatchPerson, BatchRowFault, BatchPreview as Preview } from '../../../electron/contract/batch.ts'
import { Button } from '../../components/Button.tsx'
import { fullName, useTexts } from '../../components/context.ts'
import { Stage } from '../../components/Stage.tsx'
import type { Texts } from '../../locales/texts.ts'
import { useBatch } from './use-batch.ts'

const FIELD_TEXTS = {
  givenName: 'person.given-name',
  familyName: 'person.family-name',
  reference: 'person.reference',
  role: 'person.role',
} as const satisfies Readonly<Record<Exclude<BatchField, 'language'>, string>>

/** A column's name; all but one are called as in the form for one person. */
function fieldText({ text }: Texts, field: BatchField): string {
  return field === 'language' ? text('batch.field.language') : text(FIELD_TEXTS[field])
}

export function BatchPreview({ preview }: { readonly preview: Preview }) {
  const { text } = useTexts()
  const act = useBatch()
  const [leavesOut, setLeavesOut] = useState(false)
  const { good, bad, joins } = preview
  const canBegin = good > 0 && (bad === 0 || leavesOut)
  const hint = [text('batch.preview.hint'), ...(joins === undefined ? [] : [text('batch.preview.joins', { count: joins })])]
  return (
    <Stage title={text('batch.preview.title', { count: good })} hint={hint.join(' ')}>
      {bad > 0 && <Faults preview={preview} leavesOut={leavesOut} onLeaveOut={setLeavesOut} />}
      <div className="actions">
        <Button
          look="primary"
          iconAfter={ArrowRight}
          isDisabled={!canBegin}
          onPress={() => act({ kind: 'begin', leaveOutBad: leavesOut })}
        >
          {text('batch.preview.begin')}
        </Button>
        <Button icon={FileSpreadsheet} onPress={() => act({ kind: 'choose-file' })}>
          {text('batch.choose-other')}
        </Button>
        <Button look="quiet" onPress={() => act({ kind: 'discard' })}>
          {text('batch.preview.discard')}
        </Button>
      </div>
      <Columns columns={preview.columns} />
      {preview.first.length > 0 && <People people={preview.first} />}
    </Stage>
  )
}

interface FaultsProps {
  readonly preview: Preview
  readonly leavesOut: boolean
  readonly onLeaveOut: (leavesOut: boolean) => void
}

function Faults({ preview: { faults, bad, good }, leavesOut, onLeaveOut }: FaultsProps) {
  const texts = useTexts()
  const { text } = texts
  const title = useId()
  const more = bad - faults.length
  return (
    <section className="batch-faults" aria-labelledby={title}>
      <h2 id={title}>{text('batch.preview.bad', { count: bad })}</h2>
      {/* Keys scroll it, so it takes the focus. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls is worked by keys (WCAG 2.2, 2.1.1) */}
      <ul className="batch-fault-list" aria-labelledby={title} tabIndex={0}>
        {faults.map((fault) => (
          <li key={`${fault.line} ${fault.why}`}>
            <strong>{text('batch.line', { line: fault.line })}</strong> <span>{reasonOf(texts, fault)}</span>
          </li>
        ))}
        {more > 0 && <li>{text('batch.preview.more', { count: more })}</li>}
      </ul>
      {good > 0 && (
        <>
          <p>{text('batch.preview.decide')}</p>
          <Checkbox className="batch-check" isSelected={leavesOut} onChange={onLeaveOut}>
            {text('batch.preview.leave-out', { count: bad })}
          </Checkbox>
        </>
      )}
    </section>
  )
}

function reasonOf(texts: Texts, fault: BatchRowFault): string {
  const { text } = texts
  switch (fault.why) {
    case 'missing':
    case 'too-long':
    case 'bad-characters':
      return text(`batch.fault.${fault.why}`, { field: fieldText(texts, fault.field) })
    case 'repeated':
      return text('batch.fault.repeated', { reference: fault.reference, line: fault.firstLine })
    case 'in-batch':
      return text('batch.fault.in-batch', { reference: fault.reference })
    case 'unknown-role':
    case 'role-above-yours':
    case 'unknown-language':
    case 'too-many-cells':
    case 'quotes':
      return text(`batch.fault.${fault.why}`)
    default:
      return fault satisfies never
  }
}

function Columns({ columns }: { readonly columns: Preview['columns'] }) {
  const texts = useTexts()
  const { text } = texts
  const title = useId()
  return (
    <section className="batch-part" aria-labelledby={title}>
      <h2 id={title}>{text('batch.preview.columns')}</h2>
      <ul className="batch-columns">
        {columns.map(({ header, field }, at) => (
          // Two columns may have the same header; they stay where they are.
          <li key={at} className={field === undefined ? 'batch-column batch-column-unused' : 'batch-column'}>
            <bdi>{header === '' ? '–' : header}</bdi>
            <span>{field === undefined ? text('batch.preview.unused') : fieldText(texts, field)}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}

function People({ people }: { readonly people: readonly BatchPerson[] }) {
  const texts = useTexts()
  const { text } = texts
  const title = useId()
  return (
    <section className="batch-part" aria-labelledby={title}>
      <h2 id={title}>{text('batch.preview.first')}</h2>
      <ul className="batch-people">
        {people.map((person) => (
          <li key={person.reference}>
            <bdi className="batch-name">{fullName(texts, person)}</bdi> <bdi>{person.reference}</bdi>
            {person.role && <span className="tag">{text(`role.${person.role}`)}</span>}
          </li>
        ))}
      </ul>
    </section>
  )
}
