/**
 * Draws slips as a PDF: in a window that nobody sees, sandboxed, without a preload script, in a session of its own that lives in
 * memory and serves one document and the renderer's files. The initial PINs stand in that document and are gone with it.
 */
import { BrowserWindow, session } from 'electron'
import { CeremonyFailed } from '../ceremonies/guide.ts'
import type { Slip, SlipFormat } from '../contract/batch.ts'
import { ORIGIN, type PageFile, pageDocument, pageFile } from '../page-files.ts'
import { serve, stopServing } from '../page-protocol.ts'
import { lockDown } from '../window.ts'

const ADDRESS = `${ORIGIN}slips.html`

/** A page that does not come up is given up. */
const DRAW_MS = 60_000

/** Rejects with CeremonyFailed 'batch-slips-failed'. `folder` holds the renderer's files. */
export async function drawSlips(folder: string, slips: readonly Slip[], format: SlipFormat): Promise<Uint8Array> {
  const own = session.fromPartition('slips', { cache: false })
  const document = slipsDocument(slips, format)
  lockDown(own)
  serve(own.protocol, async (method, url) => (url === ADDRESS ? document : pageFile(folder, method, url)))
  const window = new BrowserWindow({
    show: false,
    webPreferences: {
      session: own,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webviewTag: false,
      spellcheck: false,
      devTools: false,
      backgroundThrottling: false,
    },
  })
  let timer: ReturnType<typeof setTimeout> | undefined
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('the slips took too long')), DRAW_MS)
    })
    return await Promise.race([print(window, format), late])
  } catch (cause) {
    throw new CeremonyFailed({ code: 'batch-slips-failed' }, { cause })
  } finally {
    if (timer !== undefined) clearTimeout(timer)
    window.destroy()
    stopServing(own.protocol)
    await own.clearStorageData()
  }
}

const MM_PER_INCH = 25.4

/** Width and height in inches. */
const SIZES: Readonly<Record<SlipFormat, { readonly width: number; readonly height: number }>> = {
  a4: { width: 210 / MM_PER_INCH, height: 297 / MM_PER_INCH },
  label: { width: 100 / MM_PER_INCH, height: 62 / MM_PER_INCH },
}

async function print({ webContents }: BrowserWindow, format: SlipFormat): Promise<Uint8Array> {
  await webContents.loadURL(ADDRESS)
  // The page's own promise (renderer/slips/slips.ts): texts and letters are there.
  await webContents.executeJavaScript('window.slipsDrawn')
  const margins = { top: 0, bottom: 0, left: 0, right: 0 }
  return new Uint8Array(await webContents.printToPDF({ pageSize: SIZES[format], margins, printBackground: true }))
}

/** The data stand in the document as text, which no browser carries out; `<` cannot end it. */
function slipsDocument(slips: readonly Slip[], format: SlipFormat): PageFile {
  const data = JSON.stringify({ slips, format }).replace(/</g, '\\u003c')
  return pageDocument(
    `<!doctype html><html><head><meta charset="utf-8"><title>Tessera</title><link rel="stylesheet" href="slips.css"></head>` +
      `<body><script type="application/json" id="slips">${data}</script><script type="module" src="slips.js"></script></body></html>`,
  )
}
