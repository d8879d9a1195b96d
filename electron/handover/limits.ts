/** What the loopback interface remembers of its callers: bounded, whatever they send. */

/** Tokens that one program gets in a minute: people log in less often. */
const TOKENS_A_MINUTE = 10
/** Requests that are looked at in a minute, whoever sends them. */
const REQUESTS_A_MINUTE = 120
const MINUTE_MS = 60_000
/** Longer than any token lives, with a clock that is wrong: by then the program refuses an old nonce by itself. */
const NONCE_MS = 10 * 60_000

export interface Limits {
  /** False where too many have come in the last minute. */
  request(): boolean
  /** 'nonce-used' for one that this program has asked with before, whatever came of it. */
  token(audience: string, nonce: string): 'ok' | 'too-many' | 'nonce-used'
}

export function createLimits(now: () => number): Limits {
  const requests: number[] = []
  /** By audience and nonce, in the order of their use; as many at most as programs may ask in that time. */
  const nonces = new Map<string, number>()
  const ofAudience = new Map<string, number[]>()
  return {
    request: () => admitted(requests, REQUESTS_A_MINUTE, now()),
    token(audience, nonce) {
      const at = now()
      for (const [key, usedAt] of nonces) {
        if (usedAt + NONCE_MS > at) break
        nonces.delete(key)
      }
      const key = `${audience} ${nonce}`
      if (nonces.has(key)) return 'nonce-used'
      const own = ofAudience.get(audience) ?? []
      ofAudience.set(audience, own)
      if (!admitted(own, TOKENS_A_MINUTE, at)) return 'too-many'
      nonces.set(key, at)
      return 'ok'
    },
  }
}

/** Counts this one where it is admitted. */
function admitted(times: number[], most: number, at: number): boolean {
  while ((times[0] ?? at) + MINUTE_MS <= at) times.shift()
  if (times.length >= most) return false
  times.push(at)
  return true
}
