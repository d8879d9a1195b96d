import { useTerminal, useTexts } from '../components/context.ts'
import { Mark } from '../components/Mosaic.tsx'
import { Stage } from '../components/Stage.tsx'

/** Before the first snapshot; short enough, most of the time, not to be seen. */
export function Starting() {
  const { text } = useTexts()
  const lost = useTerminal((state) => state.notice === 'unreachable')
  return lost ? (
    <Stage title={text('unreachable.title')} hint={text('unreachable.remedy')} urgency="problem" />
  ) : (
    <div className="late">
      <Stage title={text('starting.title')} picture={<Mark />} />
    </div>
  )
}
