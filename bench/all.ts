/** Owns the list of benchmarks. */
import type { Bench } from './figures.js'
import { logBench } from './log.bench.js'

export const ALL: readonly Bench[] = [logBench]
