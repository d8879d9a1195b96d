// The least that shows a window with the same locks: what Tessera's start is measured beside.
const { app, BrowserWindow } = require('electron')

app.whenReady().then(() => {
  const window = new BrowserWindow({
    show: false,
    width: 1100,
    height: 760,
    webPreferences: { sandbox: true, contextIsolation: true },
  })
  window.once('ready-to-show', () => window.show())
  void window.loadFile('index.html')
})
