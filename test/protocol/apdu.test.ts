import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  ApduError,
  type CardChannel,
  type CommandApdu,
  decodeCommand,
  decodeResponse,
  encodeCommand,
  encodeResponse,
  exchange,
} from '../../protocol/apdu.ts'
import { fromHex, toHex } from '../../protocol/bytes.ts'

/** A card that gives these answers in turn and remembers what it was asked. */
function scripted(answers: readonly string[]) {
  const asked: string[] = []
  const buffers: Uint8Array[] = []
  const channel: CardChannel = {
    async transmit(command) {
      asked.push(toHex(command))
      buffers.push(command)
      const answer = answers[asked.length - 1]
      if (answer === undefined) throw new Error('one command more than expected')
      return fromHex(answer)
    },
  }
  return { channel, asked, buffers }
}

const verify: CommandApdu = { cla: 0, ins: 0x20, p1: 0, p2: 0x80 }

describe('command APDUs (ISO/IEC 7816-4 section 5.2)', () => {
  it.each<[string, CommandApdu, 'short' | 'extended', string]>([
    ['case 1', verify, 'short', '00200080'],
    ['case 2 short', { ...verify, le: 256 }, 'short', '0020008000'],
    ['case 2 extended', { ...verify, le: 65536 }, 'extended', '00200080000000'],
    ['case 3 short', { ...verify, data: fromHex('0102') }, 'short', '00200080020102'],
    ['case 3 extended', { ...verify, data: fromHex('0102') }, 'extended', '002000800000020102'],
    ['case 4 short', { ...verify, data: fromHex('0102'), le: 5 }, 'short', '0020008002010205'],
    ['case 4 extended', { ...verify, data: fromHex('0102'), le: 300 }, 'extended', '002000800000020102012c'],
  ])('%s', (_name, command, form, hex) => {
    expect(toHex(encodeCommand(command, form))).toBe(hex)
    const parsed = decodeCommand(fromHex(hex))
    expect({ ...parsed, data: toHex(parsed.data) }).toEqual({
      cla: 0,
      ins: 0x20,
      p1: 0,
      p2: 0x80,
      data: toHex(command.data ?? new Uint8Array(0)),
      le: command.le ?? 0,
      extended: form === 'extended',
    })
  })

  it('reads back every command that it writes', () => {
    const byte = fc.integer({ min: 0, max: 255 })
    const form = fc.constantFrom('short', 'extended') as fc.Arbitrary<'short' | 'extended'>
    fc.assert(
      fc.property(
        byte,
        byte,
        fc.uint8Array({ maxLength: 255 }),
        fc.integer({ min: 0, max: 256 }),
        form,
        (ins, p1, data, le, f) => {
          const parsed = decodeCommand(encodeCommand({ cla: 0, ins, p1, p2: 0, data, le }, f))
          expect([parsed.ins, parsed.p1, toHex(parsed.data), parsed.le]).toEqual([ins, p1, toHex(data), le])
        },
      ),
    )
  })

  it.each([
    '',
    '002000',
    '0020008002aa',
    '00200080020102aabb',
    '002000800000',
    '00200080000000aa',
    '00200080000002aa',
    '002000800000020102ff',
  ])('refuses %j', (hex) => {
    expect(() => decodeCommand(fromHex(hex))).toThrow(ApduError)
  })

  it('does not write what does not fit', () => {
    expect(() => encodeCommand({ ...verify, data: new Uint8Array(256) })).toThrow(RangeError)
    expect(() => encodeCommand({ ...verify, le: 257 })).toThrow(RangeError)
    expect(() => encodeCommand({ ...verify, data: new Uint8Array(65536) }, 'extended')).toThrow(RangeError)
  })
})

describe('response APDUs', () => {
  it('splits data and status word', () => {
    expect(decodeResponse(encodeResponse(fromHex('aabb'), 0x63c2))).toEqual({ data: fromHex('aabb'), sw: 0x63c2 })
  })
  it.each(['', '90', '0000', 'aa5000'])('refuses %j', (hex) => {
    expect(() => decodeResponse(fromHex(hex))).toThrow(ApduError)
  })
})

describe('one exchange', () => {
  it('sends long data as a chain and returns the last answer', async () => {
    const { channel, asked } = scripted(['9000', '9000', 'aa9000'])
    const data = Uint8Array.from({ length: 520 }, (_, i) => i & 0xff)
    const answer = await exchange(channel, { cla: 0, ins: 0xdb, p1: 0x3f, p2: 0xff, data, le: 256 })
    expect(asked.map((hex) => hex.slice(0, 10))).toEqual(['10db3fffff', '10db3fffff', '00db3fff0a'])
    expect(asked[2]?.endsWith('00')).toBe(true)
    expect(asked.map((hex, i) => hex.slice(10, i === 2 ? -2 : undefined)).join('')).toBe(toHex(data))
    expect(toHex(answer.data)).toBe('aa')
  })

  it('does not chain what fits, and ends a chain that the card refuses', async () => {
    const fits = scripted(['9000'])
    await exchange(fits.channel, { ...verify, data: new Uint8Array(255) })
    expect(fits.asked).toHaveLength(1)
    const refused = scripted(['6884'])
    expect((await exchange(refused.channel, { ...verify, data: new Uint8Array(256) })).sw).toBe(0x6884)
  })

  it('sends long data in one piece where the caller knows that it may', async () => {
    const { channel, asked } = scripted(['9000'])
    await exchange(channel, { ...verify, data: new Uint8Array(300) }, 'extended')
    expect(asked[0]?.slice(0, 14)).toBe('0020008000012c')
  })

  it('collects an answer with GET RESPONSE', async () => {
    const { channel, asked } = scripted(['aa6102', 'bbcc6100', 'dd9000'])
    const answer = await exchange(channel, { cla: 0, ins: 0xcb, p1: 0x3f, p2: 0xff, data: fromHex('5c017e'), le: 256 })
    expect(asked.slice(1)).toEqual(['00c0000002', '00c0000000'])
    expect([toHex(answer.data), answer.sw]).toEqual(['aabbccdd', 0x9000])
  })

  it('asks again once after 6Cxx', async () => {
    const { channel, asked } = scripted(['6c05', '01020304059000'])
    expect(toHex((await exchange(channel, { ...verify, le: 256 })).data)).toBe('0102030405')
    expect(asked).toEqual(['0020008000', '0020008005'])
    const stubborn = scripted(['6c05', '6c05'])
    expect((await exchange(stubborn.channel, { ...verify, le: 256 })).sw).toBe(0x6c05)
  })

  it('lives with a T=0 card, which answers 61xx to every command that has data', async () => {
    const { channel, asked } = scripted(['6102', 'aabb9000'])
    const answer = await exchange(channel, { ...verify, data: fromHex('0102'), le: 256 })
    expect([toHex(answer.data), answer.sw, asked[1]]).toEqual(['aabb', 0x9000, '00c0000002'])
  })

  it('does not follow a card that announces data for ever', async () => {
    await expect(exchange(scripted(['6110', '6110']).channel, verify)).rejects.toThrow(ApduError)
    const endless: CardChannel = { transmit: async () => encodeResponse(new Uint8Array(256), 0x6100) }
    await expect(exchange(endless, verify)).rejects.toThrow(ApduError)
  })

  it('wipes what it sent, also when the channel fails', async () => {
    const { channel, buffers } = scripted(['9000'])
    await exchange(channel, { ...verify, data: fromHex('313233343536ffff') })
    await expect(exchange(channel, { ...verify, data: fromHex('313233343536ffff') })).rejects.toThrow('one command more')
    expect(buffers.map(toHex)).toEqual(['00'.repeat(13), '00'.repeat(13)])
  })
})
