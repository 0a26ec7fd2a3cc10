/** Owns the list of benchmarks. */
import { availabilityBench } from './availability.bench.js'
import { backtestBench } from './backtest.bench.js'
import { connectorsBench } from './connectors.bench.js'
import { covarianceBench } from './covariance.bench.js'
import type { Bench } from './figures.js'
import { framesBench } from './frames.bench.js'
import { fundingBench } from './funding.bench.js'
import { lakeBench } from './lake.bench.js'
import { liveBench } from './live.bench.js'
import { logBench } from './log.bench.js'
import { notifyBench } from './notify.bench.js'
import { observerBench } from './observer.bench.js'
import { optionChainBench } from './option-chain.bench.js'
import { pageBench } from './page.bench.js'
import { replayBench } from './replay.bench.js'
import { restartBench } from './restart.bench.js'
import { soakBench } from './soak.bench.js'
import { startupBench } from './startup.bench.js'
import { storeBench } from './store.bench.js'
import { timeMachineBench } from './timemachine.bench.js'

export const ALL: readonly Bench[] = [
  logBench,
  backtestBench,
  replayBench,
  restartBench,
  startupBench,
  liveBench,
  notifyBench,
  observerBench,
  storeBench,
  lakeBench,
  framesBench,
  connectorsBench,
  fundingBench,
  optionChainBench,
  covarianceBench,
  availabilityBench,
  soakBench,
  timeMachineBench,
  pageBench,
]
