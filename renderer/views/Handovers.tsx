import { Share2 } from 'lucide-react'
import type { HandoversView } from '../../electron/contract/handover.ts'
import { useAnnouncement } from '../components/Announcer.tsx'
import { useTexts } from '../components/context.ts'

/** What other programs on this computer were given of this login: nothing leaves the desk unseen. Each use is said aloud. */
export function Handovers({ name, at, count }: HandoversView) {
  const { text, time } = useTexts()
  const latest = text('handover.done', { name, time: time(at) })
  const words = count === 1 ? latest : `${latest} · ${text('handover.count', { count })}`
  useAnnouncement(words)
  return (
    <p className="handovers">
      <Share2 aria-hidden />
      {words}
    </p>
  )
}
