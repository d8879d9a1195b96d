import '@fontsource-variable/atkinson-hyperlegible-next/wght.css'
import './design/index.css'
import { createRoot } from 'react-dom/client'
import { chooseLocale, createTexts } from './locales/texts.ts'
import { createTerminalStore } from './store/terminal-store.ts'
import { App } from './views/App.tsx'

const texts = createTexts(chooseLocale(navigator.languages))
document.documentElement.lang = texts.locale
document.documentElement.dir = texts.direction

const store = createTerminalStore(window.tessera)
store.getState().start()

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no #root')
createRoot(root).render(<App store={store} texts={texts} />)
