/** Owns what time it is in the run, for ages: the machine's clock where the run is in real time, else the newest event. Pure. */

export interface RunClock {
  readonly mode: string
  /** The head is followed, and a process moves it. */
  readonly isFollowing: boolean
  /** Of the state that is looked at, epoch ms. */
  readonly stateTs: number
  readonly headTs: number
  /** Machine's clock of the newest status, and the browser's when it came; 0: none. */
  readonly takenAt: number
  readonly statusAt: number
  /** Browser's clock. */
  readonly now: number
}

/** Epoch ms of the run. The browser's clock is used for differences alone: it may be wrong. */
export function runNow({ mode, isFollowing, stateTs, headTs, takenAt, statusAt, now }: RunClock): number {
  if (!isFollowing) return stateTs
  const newest = Math.max(stateTs, headTs)
  const isRealTime = mode === 'paper' || mode === 'live'
  if (!isRealTime || takenAt === 0) return newest
  return Math.max(newest, takenAt + (now - statusAt))
}
