/** A host that answers what nobody asked, in a form that no message has. */

import { hostPort } from '../../../native/pcsc/process.ts'

hostPort().send({ kind: 'status', status: { service: { kind: 'perfect' }, readers: 'all of them' } })
setInterval(() => undefined, 1000)
