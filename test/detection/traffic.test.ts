import { describe, expect, test } from 'vitest'
import { findViolations } from '../../build/layers.ts'
import { attacksChart, curveOf, rocChart } from '../../detection/charts.ts'
import { measureCurve, measureRounds } from '../../detection/measure.ts'
import { wilson } from '../../detection/score.ts'
import { Random } from '../../detection/traffic/random.ts'
import { makeRound } from '../../detection/traffic/round.ts'

const SMALL = { houses: 2, desksPerHouse: 2, people: 20, days: 7, attacks: 1, relays: 1 }

describe('the traffic', () => {
  test('is the same for the same seed, and another for another', () => {
    const one = makeRound(5, SMALL).traffic
    expect(makeRound(5, SMALL).traffic).toEqual(one)
    expect(makeRound(6, SMALL).traffic).not.toEqual(one)
  })

  test('comes in the order of time, each attack labelled', () => {
    const { actions, attacks } = makeRound(5, SMALL).traffic
    expect(actions.every((action, i) => action.at >= (actions[i - 1]?.at ?? 0))).toBe(true)
    const labels = new Set(actions.map(({ attack }) => attack))
    for (const { id } of attacks) expect(labels.has(id)).toBe(true)
  })

  test('shares no code with the rules: nothing but its own folder is imported', () => {
    const root = `${import.meta.dirname}/../..`
    expect(findViolations(root).filter(({ file }) => file.startsWith('detection/'))).toEqual([])
  })

  test('is drawn from numbers that are as random as they claim', () => {
    const random = new Random(9, 'test')
    const numbers = Array.from({ length: 20_000 }, () => random.unit())
    const mean = numbers.reduce((sum, n) => sum + n, 0) / numbers.length
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.01)
    const normals = Array.from({ length: 20_000 }, () => random.normal())
    const variance = normals.reduce((sum, n) => sum + n * n, 0) / normals.length
    expect(Math.abs(variance - 1)).toBeLessThan(0.05)
  })
})

describe('the measurement', () => {
  test('gives the interval of Wilson: 8 of 10 is 49% to 94%', () => {
    const { low, high } = wilson(8, 10)
    expect(low).toBeCloseTo(0.4902, 3)
    expect(high).toBeCloseTo(0.9433, 3)
  })

  test('draws the same charts from the same counts, and says them in words', () => {
    const { scores } = measureRounds(5, 1, SMALL)
    const chart = attacksChart(scores)
    expect(attacksChart(measureRounds(5, 1, SMALL).scores)).toBe(chart)
    expect(chart).toContain('<desc id="d">')
    expect(chart).not.toMatch(/NaN|undefined|Infinity/)
    const points = measureCurve(5, 1, SMALL, 'usual')
    const roc = rocChart([curveOf('relay by 30 ms', 'relay by 30 ms', points)], 20)
    expect(roc).toContain('relay by 30 ms')
    expect(roc).not.toMatch(/NaN|undefined|Infinity/)
  })
})
