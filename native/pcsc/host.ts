/** The program of the PC/SC process: started by forkHost or by Electron's utilityProcess, never imported. */

import { loadPcsc } from './binding.ts'
import { hostPort } from './process.ts'
import { serve } from './serve.ts'

serve(hostPort(), loadPcsc)
