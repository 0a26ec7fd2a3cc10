import { killedRuns } from './fault-runs.js'

killedRuns(1)
