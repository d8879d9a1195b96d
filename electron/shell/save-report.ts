/** Asks in the system's own dialog where the report for support shall be, and writes what was shown. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { app, type BrowserWindow, dialog } from 'electron'

/** Rejects where the file cannot be written. */
export async function saveReport(window: BrowserWindow, text: string): Promise<'saved' | 'cancelled'> {
  const day = new Date().toISOString().slice(0, 10)
  const { canceled, filePath } = await dialog.showSaveDialog(window, {
    defaultPath: join(app.getPath('documents'), `tessera-report-${day}.json`),
    filters: [{ name: 'JSON', extensions: ['json'] }],
  })
  if (canceled || filePath === undefined || filePath === '') return 'cancelled'
  await writeFile(filePath, text, { mode: 0o600 })
  return 'saved'
}
