// Loaded before the application (electron -r): says on standard output when the first window has something to show.
const { app } = require('electron')

app.on('browser-window-created', (_event, window) => {
  window.once('ready-to-show', () => process.stdout.write('window-ready\n'))
})
