/** What a worker has counted since its start, for the log and for tests. */
export interface WorkerCounters {
  readonly malformedFrames: number
  /** A frame that has no place on its topic, or in its conversation's state. */
  readonly misplacedFrames: number
  readonly unknownConnections: number
  readonly failedHandshakes: number
  readonly abandonedHandshakes: number
  readonly completedHandshakes: number
  readonly repeatedMessages: number
  readonly replayedMessages: number
  readonly forgedMessages: number
  readonly malformedRequests: number
  /** Not sealed by the terminal that the topic names. */
  readonly forgedPresences: number
  readonly requests: number
  readonly refusals: number
  readonly failures: number
}

export function newCounters(): { -readonly [K in keyof WorkerCounters]: number } {
  return {
    malformedFrames: 0,
    misplacedFrames: 0,
    unknownConnections: 0,
    failedHandshakes: 0,
    abandonedHandshakes: 0,
    completedHandshakes: 0,
    repeatedMessages: 0,
    replayedMessages: 0,
    forgedMessages: 0,
    malformedRequests: 0,
    forgedPresences: 0,
    requests: 0,
    refusals: 0,
    failures: 0,
  }
}
