/**
 * Owns the schema of quantbot.yaml: every key, its default, its meaning. docs/reference/configuration.md is generated from it.
 * Defaults marked [S] are fixed by the roadmap, [D] were chosen in methods.md.
 */
import { z } from 'zod'
import { isDecimalString } from '../decimal.js'
import { amount, bps, count, day, fraction, instrument, interval, pathName, positive, toggle } from './fields.js'
import { loggingSchema, notificationsSchema, webSchema } from './operate-schema.js'
import { risk } from './risk-schema.js'
import * as more from './signals-schema.js'
import { apiSchema, marketDataSchema, storesSchema, venuesSchema } from './venues-schema.js'

const universeEntry = z.strictObject({
  instrument: instrument('What is traded: venue.market.SYMBOL.'),
  barsOf: instrument(
    'Instrument of the lake whose bars stand for it (proxy), where its own history is missing.',
  ).optional(),
  fundingOf: instrument(
    'Instrument of the lake whose funding it pays; without one, longs pay 1 bp every 8 h and shorts receive 0.',
  ).optional(),
  interval: interval('Finest bars to read; `interval` when absent.').optional(),
  base: z.string().min(1).describe('Base currency.'),
  quote: z.string().min(1).default('USDT').describe('Quote and settlement currency.'),
  role: z
    .enum(['any', 'leg'])
    .describe(
      '`leg`: only packages hold it (spot of a carry, a perpetual elsewhere); single signals do not see it. Else `any`.',
    )
    .optional(),
  delistedAt: day(
    'UTC day at whose start it was delisted: bars behind it are left out, what is held is closed at the last price. Without it the end of its bars is the end of data.',
  ).optional(),
  tick: amount('Price step.'),
  lot: amount('Size step.'),
  minNotional: amount('Least order value in quote.').default('5'),
})

const tsmom = z.strictObject({
  enabled: toggle('Whether the signal trades.').default(true),
  lookbackDays: count('Formation window in days [S].').default(30),
  skipDays: z.int().min(0).describe('Last days left out [S].').default(10),
  volTarget: fraction('Annual volatility a position is sized to, stand-alone [S].').default(0.15),
  volCom: positive('Centre of mass of the EWMA volatility, days.').default(60),
  volFloor: fraction('Least annual volatility assumed [D].').default(0.05),
  maxLeverage: positive('Cap of volTarget / volatility.').default(1),
  maxAbsWeight: fraction('Cap of a weight of this signal in the blend, fraction of NAV.').default(0.25),
  budget: fraction('Share of the risk budget.').default(1),
  band: fraction('Relative change of a target below which it keeps silent.').default(0.05),
})

const donchian = z.strictObject({
  enabled: toggle('Whether the signal trades.').default(true),
  entryDays: count('Entry channel [S].').default(55),
  exitDays: count('Opposite exit channel.').default(20),
  atrDays: count('Wilder ATR and ADX period.').default(14),
  adxMin: z.number().min(0).max(100).describe('No new entry below this ADX [D].').default(20),
  stopAtr: positive('Trailing stop, multiples of ATR.').default(2),
  riskPerTrade: fraction('Loss at the stop at full strength, fraction of NAV [D].').default(0.01),
  strengthCapAtr: positive('Breakout distance of full strength, ATRs [D].').default(2),
  minSize: fraction('Share of the size at zero strength [D].').default(0.5),
  maxAbsWeight: fraction('Cap of a weight of this signal in the blend, fraction of NAV.').default(0.25),
  budget: fraction('Share of the risk budget.').default(1),
  band: fraction('Relative change of a target below which it keeps silent.').default(0.05),
})

const meanReversion = z.strictObject({
  enabled: toggle('Whether the signal trades.').default(true),
  variant: z
    .enum(['auto', 'daily', 'hourly'])
    .describe(
      'A: z of 3-day returns on daily bars; B: z of price on hourly bars; auto: hourly where hourly bars are read.',
    )
    .default('auto'),
  entryZ: positive('Enters at or beyond this z [S].').default(2),
  horizonDays: count('A: length of the return [S].').default(3),
  windowDays: count('A: number of overlapping returns before t.').default(60),
  windowHours: count('B: length of the price window.').default(72),
  vwapHours: count('Length of the rolling VWAP that ends a trade [S].').default(72),
  stopAtr: positive('Stop, multiples of ATR [D].').default(1.5),
  timeStopDays: positive('Longest holding time [D].').default(3),
  maxFundingBps: bps('Enters only while the last settled 8-hour rate is within this, inclusive [S]').default(1),
  minQuoteVolume: z
    .number()
    .min(0)
    .describe('Least median daily quote volume of the prior 30 days [D].')
    .default(10_000_000),
  cascadeVolumeZ: positive('Robust z of volume that marks a cascade [D].').default(3),
  cascadeReturnSigmas: positive('Return that marks a cascade, standard deviations [D].').default(2),
  cascadeConfidence: positive('Factor on confidence when fading a cascade [D].').default(1.25),
  missing: z
    .enum(['skip', 'hold'])
    .describe('What a filter does whose datum the tape does not hold; `skip` for backtests, `hold` live.')
    .default('skip'),
  volTarget: fraction('Annual volatility a position is sized to.').default(0.15),
  volFloor: fraction('Least annual volatility assumed.').default(0.05),
  maxAbsWeight: fraction('Cap of a weight of this signal in the blend, fraction of NAV.').default(0.25),
  budget: fraction('Share of the risk budget.').default(1),
  band: fraction('Relative change of a target below which it keeps silent.').default(0.05),
})

const blender = z.strictObject({
  norm: z
    .enum(['budget', 'active'])
    .describe('`budget` divides by all budgets, so low confidence shrinks [D]; `active` by the confident ones.')
    .default('budget'),
  minAgreement: fraction('Below this agreement the target is 0 [D].').default(0.2),
  scaleByAgreement: toggle('Multiplies the target by the agreement.').default(false),
  performanceWeighting: toggle('Tilts budgets by the Sharpe ratio of the last 90 days [D].').default(true),
  performanceDays: count('Days of virtual returns behind the tilt.').default(90),
  rebalance: interval('How often risk looks at the whole book even if no target changed.').default('1d'),
  band: fraction('Relative change of a blended target below which it keeps silent [D].').default(0.05),
  bucketShare: fraction('Risk budget of the market-neutral bucket beside the directional signals [D].')
    .max(1)
    .default(0.5),
  bucketMethod: z
    .enum(['erc', 'budget', 'equal'])
    .describe(
      'Inside the bucket: equal risk contributions [D], risk shares in proportion to the budgets, or plain budgets.',
    )
    .default('erc'),
  directionalMethod: z
    .enum(['budget', 'erc'])
    .describe('Among directional signals: plain budgets, tilted by performance, or equal risk contributions.')
    .default('budget'),
  covariance: z
    .enum(['ewma', 'identity', 'constantCorrelation'])
    .describe('Covariance of the signals: EWMA, or Ledoit-Wolf shrunk to an identity or to constant correlation.')
    .default('constantCorrelation'),
  covarianceDays: count('Days of virtual returns behind it.').default(90),
  covarianceLambda: z.number().min(0.5).max(0.999).describe('Decay of the EWMA.').default(0.94),
  betaLimit: fraction('Largest |beta| of the bucket to BTC [D].').default(0.1),
  betaDays: count('Days behind that beta [D].').default(60),
  correlationAlert: fraction('Average pairwise correlation of the signals that is told [D].').default(0.7),
})

const execution = z.strictObject({
  orderType: z.enum(['ioc', 'limit', 'postOnly']).describe('How rebalancing orders are sent.').default('ioc'),
  limitOffsetBps: bps('Distance of a limit or post-only price from the reference').default(2),
  limitTtlBars: count('Finest bars after which a resting order is cancelled.').default(1),
  ackTimeoutMs: count('Milliseconds without an answer after which an order is UNKNOWN.').default(5000),
  halfSpreadBps: bps('Half spread charged to takers').default(2),
  impactY: z.number().min(0).describe('Coefficient of the square-root impact [D].').default(1),
  maxParticipation: z
    .number()
    .positive()
    .max(1)
    .describe('Largest share of a bar’s volume in a fill [D].')
    .default(0.1),
  makerFeeBps: bps('Maker fee (Binance USD-M base tier; verify before use) [D]').default(2),
  takerFeeBps: bps('Taker fee (Binance USD-M base tier; verify before use) [D]').default(5),
  fees: z
    .array(
      z.strictObject({
        market: z
          .string()
          .regex(/^[a-z0-9_-]{1,24}\.[a-z0-9_-]{1,24}$/, { error: 'must be venue.market, such as binance.spot' })
          .describe('Market, as it stands in instrument ids: venue.market.'),
        makerFeeBps: bps('Maker fee'),
        takerFeeBps: bps('Taker fee'),
      }),
    )
    .describe('Fees of single markets; others pay what their listing says, or the two above.')
    .default([]),
  optionFeeBps: bps('Fee of an option, of its underlying (Deribit base tier; verify before use) [D]').default(3),
  optionFeeCap: fraction('Cap of that fee, share of the price of the option [D].').default(0.125),
  latencyMsMedian: z.number().min(0).describe('Median of the simulated latency [D].').default(150),
  latencyMsP99: z.number().min(0).describe('99th percentile of the simulated latency [D].').default(1500),
})

const log = z.strictObject({
  segmentMiB: count('Size at which a segment is sealed.').default(64),
  groupMs: count('Longest wait of a group for its commit.').default(5),
  groupEvents: count('Most events in a group.').default(4096),
  stallMs: count('A write slower than this halts trading.').default(2000),
  snapshotEvents: count('Events between two snapshots of an agent.').default(20_000),
})

const checkpoint = z.strictObject({
  copyTo: z
    .string()
    .min(1)
    .describe(
      'Folder, best on another machine, to which every signed checkpoint is copied; a forged log is caught only by one kept elsewhere.',
    )
    .optional(),
})

const sim = z.strictObject({
  symbols: count('Symbols of the built-in market.').max(20).default(8),
  interval: interval('Bars of the built-in market.').default('1h'),
  historyDays: count('Days of history before the start; enough to warm every signal.').default(450),
  start: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}$/)
    .describe('First simulated day.')
    .default('2024-01-01'),
  annualVol: positive('Average annual volatility of the leading symbol.').default(0.6),
  correlation: z.number().min(0).max(0.99).describe('Correlation of the symbols with the leading one.').default(0.7),
})

export const configSchema = z.strictObject({
  name: pathName('Names the configuration in reports and run ids.').default('quantbot'),
  seed: z.int().min(0).max(4294967295).describe('Seed of everything random.').default(1),
  capital: amount('Starting capital in quote.').default('1000000'),
  capitalFlows: z
    .array(
      z.strictObject({
        at: day('UTC day at whose start it is moved.'),
        currency: z.string().min(1).describe('Currency.').default('USDT'),
        amount: z
          .string()
          .refine(isDecimalString, { error: 'must be a decimal as text, such as "-2500"' })
          .describe('In the currency; negative: taken out.'),
      }),
    )
    .describe('Deposits and withdrawals of a backtest: they change the net asset value, never a return.')
    .default([]),
  interval: interval('Finest bars that are read.').default('1d'),
  universe: z
    .array(universeEntry)
    .refine((entries) => new Set(entries.map(({ instrument }) => instrument)).size === entries.length, {
      error: 'an instrument stands twice',
    })
    .describe('Instruments; the built-in market brings its own.')
    .default([]),
  signals: z
    .strictObject({
      tsmom: tsmom.prefault({}),
      donchian: donchian.prefault({}),
      meanReversion: meanReversion.prefault({}),
      fundingCarry: more.fundingCarry.describe('Funding carry: perpetual against spot.').prefault({}),
      oiPrice: more.oiPrice.describe('Open interest against price, and the early warning of cascades.').prefault({}),
      crossSectional: more.crossSectional.describe('Cross-sectional momentum against BTC.').prefault({}),
      cashCarry: more.cashCarry.describe('Cash and carry: spot against a dated future.').prefault({}),
      xExchangeFunding: more.xExchangeFunding.describe('Dispersion of funding between venues.').prefault({}),
      volRiskPremium: more.volRiskPremium.describe('Short straddles with wings, delta hedged.').prefault({}),
      skewWhipsaw: more.skewWhipsaw.describe('Fades extreme 25-delta skew.').prefault({}),
      ssr: more.ssr.describe('Stablecoin supply ratio: an overlay on longs.').prefault({}),
      mvrv: more.mvrv.describe('MVRV Z: a regime filter.').prefault({}),
      external: z.array(more.externalSignal).describe('Signals of your own.').default([]),
    })
    .describe('The signals.')
    .prefault({}),
  feeds: more.feedsSchema.describe('What a backtest plays from the lake beside bars and funding.').prefault({}),
  blender: blender.describe('How signals become targets.').prefault({}),
  risk: risk.describe('What clamps and refuses.').prefault({}),
  execution: execution.describe('How orders are sent and what a simulated venue charges.').prefault({}),
  log: log.describe('The event log.').prefault({}),
  checkpoint: checkpoint.describe('Signed checkpoints.').prefault({}),
  sim: sim.describe('The built-in market of `quantbot run`.').prefault({}),
  venues: venuesSchema.describe('Exchanges: hosts and limits. Only those of the universe are used.').prefault({}),
  marketData: marketDataSchema.describe('What is read from venues and vendors.').prefault({}),
  stores: storesSchema.describe('Stores beside the log and the lake; each may be absent.').prefault({}),
  api: apiSchema.describe('The analytics API.').prefault({}),
  web: webSchema.describe('The page and the metrics of a process.').prefault({}),
  notifications: notificationsSchema.describe('Who is told of what.').prefault({}),
  logging: loggingSchema.describe('The process’s own log; the log of events is `log`.').prefault({}),
})

export type Config = z.infer<typeof configSchema>
export type UniverseEntry = Config['universe'][number]
export type TsmomConfig = Config['signals']['tsmom']
export type DonchianConfig = Config['signals']['donchian']
export type MeanReversionConfig = Config['signals']['meanReversion']
export type BlenderConfig = Config['blender']
export type RiskConfig = Config['risk']
export type ExecutionConfig = Config['execution']
export type SignalsConfig = Config['signals']
export type VenuesConfig = Config['venues']
export type VenueConfig = VenuesConfig['binance']
export type MarketDataConfig = Config['marketData']
export type StoresConfig = Config['stores']
export type ApiConfig = Config['api']
