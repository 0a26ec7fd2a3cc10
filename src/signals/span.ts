/**
 * Owns how many bars are missing inside the last n of an instrument: windows are of bars that came, and one that had to reach too far
 * back for them fails. Must never count a bar that did not come.
 */
import { createRing, pushRing, type RingState } from '#indicators/window'

/** Open times of the last `window` bars. */
export type SpanState = RingState

export const createSpan = (window: number): SpanState => createRing(window)

/** Takes the open time of a bar, gives the bars missing among the last `window`; null before there are as many. */
export function updateSpan(state: SpanState, openTime: number, stepMs: number): number | null {
  pushRing(state, openTime)
  if (state.count < state.capacity) return null
  // In a full ring the oldest value stands where the next one goes.
  const reach = openTime - state.values[state.at]!
  return Math.round(reach / stepMs) - (state.capacity - 1)
}

/** Most bars that a window may lack [D]: a tenth of it. */
export function missingAllowed(window: number): number {
  return Math.floor(window / 10)
}
