/** `npm run detection`: labelled traffic through the gateway's rules, and what they made of it (docs/detection.md). */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { DEFAULT_POLICY } from '../gateway/findings/policy.ts'
import { attacksChart, curveOf, rocChart } from './charts.ts'
import { END_TO_END, measureCurve, measureEndToEnd, measurePads, measureRounds, ROUND } from './measure.ts'
import { attackTable, curveTable, endToEndLines, falseAlarmLines, throughputLine } from './report.ts'

const HELP = `Generates labelled traffic from a seed and measures what the gateway's rules find in it.

  npm run detection -- [options]

  --rounds N   rounds of a month each (default 10; 2 with --quick)
  --seed N     another seed makes other traffic (default 20260105; the rules were tuned on 1 to 4)
  --quick      under a minute; leaves the charts as they are
  --json       prints the figures alone, for programs
  --help

Without --quick it draws docs/detection/attacks.svg and docs/detection/roc.svg.`

const CHARTS = join(import.meta.dirname, '..', 'docs', 'detection')
const CURVE_ROUNDS = 2
const PAD_ROUNDS = 4

async function run(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string' },
      seed: { type: 'string', default: '20260105' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(`${HELP}\n`)
    return
  }
  const { quick, json } = values
  const seed = wholeNumber('seed', values.seed)
  const rounds = wholeNumber('rounds', values.rounds ?? (quick ? '2' : '10'))
  const say = (line: string) => {
    if (!json) process.stdout.write(`${line}\n`)
  }
  const progress = (line: string) => process.stderr.write(`${line}\n`)

  progress('through the real gateway ...')
  const endToEnd = await measureEndToEnd(seed)
  say(`Through the real gateway (broker, EDHOC, channel, worker, store, judge)\n\n${endToEndLines(endToEnd)}\n`)

  const rates = measureRounds(seed, rounds, ROUND, (round) => progress(`round ${round + 1} of ${rounds} ...`))
  say(
    `As events to the judge, ${rounds} rounds of ${ROUND.days} days with ${ROUND.people} people at ${ROUND.houses * ROUND.desksPerHouse} desks\n`,
  )
  say(`${attackTable(rates.scores)}\n\n${falseAlarmLines(rates)}\n${throughputLine(rates)}\n`)

  if (quick) {
    if (json) process.stdout.write(`${JSON.stringify({ seed, rounds, endToEnd, rates })}\n`)
    return
  }
  progress('the threshold, on usual and on poor computers ...')
  const usual = measureCurve(seed, CURVE_ROUNDS, ROUND, 'usual')
  const poor = measureCurve(seed, CURVE_ROUNDS, ROUND, 'poor')
  say(`Relay rule by threshold (the default is ${DEFAULT_POLICY.delay.lateByMs} ms)\n\n${curveTable(usual)}\n`)
  say(`The same where computers stall and are busy ten times as often\n\n${curveTable(poor)}\n`)
  progress('PINs entered on readers ...')
  const pads = measurePads(seed, PAD_ROUNDS, ROUND)
  say(`Relay rule where every PIN is entered on the reader\n\n${attackTable(pads.scores)}`)
  say(`False alarms: ${pads.falseAlarms.length} in ${pads.honestLogins} honest logins\n`)
  mkdirSync(CHARTS, { recursive: true })
  writeFileSync(join(CHARTS, 'attacks.svg'), attacksChart(rates.scores))
  const curves = [
    ...[15, 20, 30, 50].map((ms) => curveOf(`relay by ${ms} ms`, `relay by ${ms} ms`, usual)),
    curveOf('relay by 30 ms, poor computers', 'relay by 30 ms', poor),
  ]
  writeFileSync(join(CHARTS, 'roc.svg'), rocChart(curves, DEFAULT_POLICY.delay.lateByMs))
  say('Drawn: docs/detection/attacks.svg, docs/detection/roc.svg')
  if (json)
    process.stdout.write(
      `${JSON.stringify({ seed, rounds, round: ROUND, endToEndSize: END_TO_END, endToEnd, rates, usual, poor, pads })}\n`,
    )
}

function wholeNumber(name: string, text: string): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (number < 1) throw new RangeError(`--${name} takes a whole number from 1 on`)
  return number
}

try {
  await run()
} catch (error) {
  process.stderr.write(`detection: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
