/**
 * A gateway that has loaded everything and waits: it starts when it is told to, which takes a fifth of the time of a process
 * that has to load first. For tests that kill hundreds of them. `gateway-standby.ts DATA BROKER`; a line on standard input starts it.
 */
import { createInterface } from 'node:readline'
import { startGateway } from '../../gateway/main.ts'

const [dataDirectory = '', url = ''] = process.argv.slice(2)
createInterface({ input: process.stdin }).once('line', () => {
  void startGateway({ dataDirectory, broker: { kind: 'external', url } }).then(({ worker }) => {
    process.stdout.write(`${worker}\n`)
  })
})
