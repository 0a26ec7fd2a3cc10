/** Property tests draw from one seed, so that a run is the same everywhere; QUANTBOT_SEED=N explores another, and a find becomes a test. */
import fc from 'fast-check'

fc.configureGlobal({ seed: Number(process.env.QUANTBOT_SEED ?? 20_261_122) })
