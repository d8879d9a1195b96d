import { describe, expect, it } from 'vitest'
import { LinkError } from '../../native/conversation/link-error.ts'
import { Requests } from '../../native/conversation/requests.ts'

const LONG_MS = 60_000
const sent = async (): Promise<void> => undefined

describe('requests with one answer each', () => {
  it('are sent at once, each under a number of its own', () => {
    const requests = new Requests()
    const numbers: number[] = []
    const send = (id: number): Promise<void> => {
      numbers.push(id)
      return sent()
    }
    void requests.ask(send, LONG_MS)
    void requests.ask(send, LONG_MS)
    expect(numbers).toEqual([1, 2])
    expect(requests.count).toBe(2)
    requests.answer(1, undefined)
    requests.answer(2, undefined)
  })

  it('get the answer that bears their number, in whatever order answers come', async () => {
    const requests = new Requests()
    const both = Promise.all([requests.ask(sent, LONG_MS), requests.ask(sent, LONG_MS)])
    expect(requests.answer(2, 'second')).toBe(true)
    expect(requests.answer(1, 'first')).toBe(true)
    expect(await both).toEqual(['first', 'second'])
    expect(requests.count).toBe(0)
  })

  it('take no answer twice, and none that nobody asked for', async () => {
    const requests = new Requests()
    const asked = requests.ask(sent, LONG_MS)
    expect(requests.answer(7, 'stray')).toBe(false)
    requests.answer(1, 'answer')
    await asked
    expect(requests.answer(1, 'again')).toBe(false)
    expect(requests.refuse(1, new Error('again'))).toBe(false)
  })

  it('fail as offline where the message is not taken, as silent where no answer comes, and with the refusal that came', async () => {
    const requests = new Requests()
    const cause = new Error('no broker')
    await expect(requests.ask(() => Promise.reject(cause), LONG_MS)).rejects.toMatchObject({ kind: 'offline', cause })
    await expect(requests.ask(sent, 1)).rejects.toMatchObject({ name: 'LinkError', kind: 'silent' })
    const refused = requests.ask(sent, LONG_MS)
    const refusal = new Error('no')
    requests.refuse(3, refusal)
    await expect(refused).rejects.toBe(refusal)
    expect(requests.count).toBe(0)
  })

  it('fail with what the sending itself throws, such as a body without an encoding', async () => {
    const requests = new Requests()
    const fault = new TypeError('no encoding')
    const send = (): Promise<void> => {
      throw fault
    }
    await expect(requests.ask(send, LONG_MS)).rejects.toBe(fault)
    expect(requests.count).toBe(0)
  })

  it('all end at once with their channel', async () => {
    const requests = new Requests()
    const asked = [requests.ask(sent, LONG_MS), requests.ask(sent, LONG_MS)]
    const over = new LinkError('offline')
    requests.rejectAll(over)
    for (const request of asked) await expect(request).rejects.toBe(over)
  })
})
