import '@fontsource-variable/atkinson-hyperlegible-next/wght.css'
// A desk's system may have no letters for Arabic or Hindi; each file is read when one of its letters is first drawn.
import '@fontsource-variable/noto-sans-arabic/wght.css'
import '@fontsource-variable/noto-sans-devanagari/wght.css'
import './design/index.css'
import { createRoot } from 'react-dom/client'
import { followContrast } from './store/contrast.ts'
import { shellTexts } from './store/shell-texts.ts'
import { followLanguage } from './store/speech.ts'
import { createTerminalStore } from './store/terminal-store.ts'
import { App } from './views/App.tsx'

const element = document.getElementById('root')
if (element === null) throw new Error('index.html has no #root')
const root = createRoot(element)

const store = createTerminalStore(window.tessera)
store.getState().start()

followContrast(store, window.matchMedia('(prefers-contrast: more)'), (isHigh) => {
  if (isHigh) document.documentElement.dataset.contrast = 'more'
  else delete document.documentElement.dataset.contrast
})

let told = ''
followLanguage(store, navigator.languages, (speech) => {
  // Once for each language: a person's own does not go beyond the window.
  if (told !== speech.desk.locale) void store.getState().send({ kind: 'set-shell-texts', texts: shellTexts(speech.desk) })
  told = speech.desk.locale
  document.documentElement.lang = speech.desk.locale
  document.documentElement.dir = speech.desk.direction
  root.render(<App store={store} speech={speech} />)
})
