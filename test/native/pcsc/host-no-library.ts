/** The host on a machine without PC/SC. */

import { loadPcsc } from '../../../native/pcsc/binding.ts'
import { hostPort } from '../../../native/pcsc/process.ts'
import { serve } from '../../../native/pcsc/serve.ts'

serve(hostPort(), () => loadPcsc('libpcsclite-not-installed.so.1'))
