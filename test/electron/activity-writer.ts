/** Writes rows into the journal of the folder that is named, and says the number of each once it is written: a program to be killed. */
import { createJournal } from '../../electron/activity/journal.ts'

const NOW = Date.UTC(2026, 4, 12)
const journal = createJournal({
  folder: process.argv[2] ?? '',
  now: () => NOW,
  onUnwritten: (error) => {
    throw error
  },
})
for (let i = 1; ; i += 1) {
  await journal.append({ at: NOW + i, kind: 'login', outcome: 'done' })
  process.stdout.write(`${i}\n`)
}
