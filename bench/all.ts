/** Owns the list of benchmarks. */
import { backtestBench } from './backtest.bench.js'
import type { Bench } from './figures.js'
import { logBench } from './log.bench.js'

export const ALL: readonly Bench[] = [logBench, backtestBench]
