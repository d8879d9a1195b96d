/** The system's own dialogs for the files of a batch: the window never learns where they lie. */
import { open } from 'node:fs/promises'
import { BrowserWindow, dialog } from 'electron'
import { writePrivateFile } from '../../native/conversation/private-file.ts'
import type { Slip, SlipFormat } from '../contract/batch.ts'
import type { BatchDialogs } from './ports.ts'

/** @param drawSlips answers with the PDF; rejects where it cannot be drawn */
export function createBatchDialogs(drawSlips: (slips: readonly Slip[], format: SlipFormat) => Promise<Uint8Array>): BatchDialogs {
  return {
    async chooseFile(mostBytes) {
      const options = { properties: ['openFile' as const], filters: [{ name: 'CSV', extensions: ['csv', 'tsv', 'txt'] }] }
      const parent = visibleWindow()
      const { filePaths } = await (parent ? dialog.showOpenDialog(parent, options) : dialog.showOpenDialog(options))
      const [path] = filePaths
      return path === undefined ? undefined : readAtMost(path, mostBytes + 1)
    },
    async saveSlips(slips, format) {
      const path = await choosePlace(`slips-${format}.pdf`, 'PDF', 'pdf')
      if (path === undefined) return false
      await writePrivateFile(path, await drawSlips(slips, format))
      return true
    },
    async saveReport(csv) {
      const path = await choosePlace('batch-report.csv', 'CSV', 'csv')
      if (path === undefined) return false
      await writePrivateFile(path, csv)
      return true
    },
  }
}

async function choosePlace(defaultPath: string, name: string, extension: string): Promise<string | undefined> {
  const options = { defaultPath, filters: [{ name, extensions: [extension] }] }
  const parent = visibleWindow()
  const { filePath } = await (parent ? dialog.showSaveDialog(parent, options) : dialog.showSaveDialog(options))
  // Older versions say undefined where newer ones say nothing.
  return filePath || undefined
}

const visibleWindow = (): BrowserWindow | undefined => BrowserWindow.getAllWindows().find((window) => window.isVisible())

/** A file that is far too large is not read into memory to be refused. */
async function readAtMost(path: string, mostBytes: number): Promise<Uint8Array> {
  const file = await open(path, 'r')
  try {
    const buffer = Buffer.alloc(mostBytes)
    let length = 0
    while (length < mostBytes) {
      const { bytesRead } = await file.read(buffer, length, mostBytes - length, length)
      if (bytesRead === 0) break
      length += bytesRead
    }
    return new Uint8Array(buffer.subarray(0, length))
  } finally {
    await file.close()
  }
}
