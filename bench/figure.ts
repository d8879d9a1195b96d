/** What a measurement is: percentiles of samples, beside the percentiles of its peers from the same run. */

export interface Percentiles {
  readonly p50: number
  readonly p95: number
  readonly p99: number
}

export interface Figure extends Percentiles {
  readonly unit: 'ms' | 'MB'
  readonly n: number
  readonly beside: Readonly<Record<string, Percentiles>>
}

/** Nearest rank (the smallest sample that at least that share of the samples does not exceed). */
function percentile(samples: readonly number[], share: number): number {
  if (samples.length === 0) throw new RangeError('no samples')
  const sorted = [...samples].sort((a, b) => a - b)
  const value = sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))]
  if (value === undefined) throw new RangeError('no samples')
  return value
}

function percentiles(samples: readonly number[]): Percentiles {
  const round = (value: number) => Math.round(value * 10_000) / 10_000
  return { p50: round(percentile(samples, 0.5)), p95: round(percentile(samples, 0.95)), p99: round(percentile(samples, 0.99)) }
}

export function figure(samples: readonly number[], beside: Readonly<Record<string, readonly number[]>>): Figure {
  return {
    unit: 'ms',
    ...percentiles(samples),
    n: samples.length,
    beside: Object.fromEntries(Object.entries(beside).map(([peer, values]) => [peer, percentiles(values)])),
  }
}

/** Milliseconds that `work` took. */
export async function timed(work: () => unknown): Promise<number> {
  const begin = performance.now()
  await work()
  return performance.now() - begin
}
