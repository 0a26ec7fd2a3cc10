/**
 * Owns the keys of the signals that came after the price signals: carry, open interest, cross-section, basis, dispersion,
 * options, overlays. All are off unless switched on. [S]: fixed by the roadmap; [D]: chosen in methods.md.
 */
import { z } from 'zod'
import { amount, bps, count, fraction, instrument, positive, toggle } from './fields.js'

const off = () => toggle('Whether the signal takes part.').default(false)
const common = (maxAbsWeight: number) => ({
  enabled: off(),
  maxAbsWeight: fraction('Cap of a weight of this signal in the blend, fraction of NAV.').default(maxAbsWeight),
  budget: fraction('Share of the risk budget.').default(1),
  band: fraction('Relative change of a target below which it keeps silent.').default(0.05),
})
const costs = {
  feeSpotBps: bps('Taker fee of the spot leg, for the hurdle').default(10),
  feePerpBps: bps('Taker fee of a derivative leg, for the hurdle').default(5),
  spreadBps: bps('Spread of a leg, for the hurdle').default(2),
}
const series = (about: string) =>
  z
    .string()
    .regex(
      /^[a-z0-9_-]+\.[a-z0-9_-]+\.[A-Za-z0-9._-]+$/,
      'must be source.asset.metric, such as coinmetrics.btc.CapMVRVCur',
    )
    .describe(about)

const onlyPerpetuals = () =>
  z
    .array(instrument('Perpetual of the universe.'))
    .describe('Perpetuals that are looked at; empty: all. One whose bars are those of spot has no basis of its own.')
    .default([])

export const fundingCarry = z.strictObject({
  ...common(0.2),
  perpetuals: onlyPerpetuals(),
  settlements: count('Settlements in the mean that is expected to go on [D].').default(9),
  unanimous: count('Last settlements that must have one sign [D].').default(3),
  holdDays: positive('Expected holding time, days: spreads the costs of the hurdle [D].').default(30),
  ...costs,
  hurdleApr: z
    .number()
    .min(0)
    .nullable()
    .describe('Least |APR|; null: what the costs ask for over `holdDays`.')
    .default(null),
  fullApr: positive('APR at which the size reaches the cap [D].').default(0.3),
  cap: fraction('Largest size, fraction of NAV [S].').max(0.2).default(0.2),
  reversalHours: positive('Out when funding has been reversed for so long [S].').default(6),
  borrowApr: z
    .number()
    .min(0)
    .nullable()
    .describe('Cost of borrowing the coin a year, for long perpetual against short spot; null: that side is skipped.')
    .default(null),
})

export const oiPrice = z.strictObject({
  ...common(0.25),
  horizonHours: count('Span of both changes [D].').default(24),
  priceBand: fraction('Least |log change| of price [D].').default(0.005),
  openInterestBand: fraction('Least |log change| of open interest, coins [D].').default(0.01),
  divergencePeriods: count('Periods of the extreme that a divergence is held against [D].').default(20),
  volTarget: fraction('Annual volatility a position is sized to.').default(0.15),
  volFloor: fraction('Least annual volatility assumed.').default(0.05),
  maxAgeHours: positive('Open interest older than this is stale.').default(30),
  warningDays: count('Span of the build-up of open interest [D].').default(7),
  warningZ: positive('Least z of that build-up [D].').default(1.5),
  warningFundingQuantile: fraction('Quantile that |funding APR| must exceed [D].').default(0.9),
  warningFundingDays: count('Days of funding behind that quantile [D].').default(90),
})

export const crossSectional = z.strictObject({
  ...common(0.25),
  rankDays: count('Formation window, days [S].').default(30),
  holdDays: count('Holding time: as many daily tranches overlap [S].').default(7),
  weighting: z
    .enum(['quartile', 'rank'])
    .describe('Top against bottom quartile, or linear in the rank.')
    .default('quartile'),
  top: count('Coins of the universe by prior median quote volume [D].').default(30),
  volumeDays: count('Days behind that median [D].').default(30),
  minListedDays: count('Least days since the first bar [D].').default(60),
  minAssets: count('Flat with fewer [D].').default(6),
  benchmark: z.string().min(1).describe('Base currency that the others are measured against.').default('BTC'),
  exclude: z
    .array(z.string())
    .describe('Base currencies that are left out: stablecoins, wrapped and leveraged ones.')
    .default(['USDC', 'BUSD', 'TUSD', 'DAI', 'FDUSD', 'USDP', 'WBTC', 'WETH', 'STETH', 'PAXG', 'EUR', 'USTC', 'UST']),
})

export const cashCarry = z.strictObject({
  ...common(0.2),
  entryApr: fraction('Enters when the net annual basis is above this [S: 8–10 %].').default(0.08),
  exitApr: z.number().describe('Leaves early when what is left is below this a year [D].').default(0.02),
  minDays: positive('No entry with fewer days to expiry [D].').default(7),
  rollDays: positive('Rolls with so many days left, if the next one pays [D].').default(7),
  marginFraction: fraction('Margin of the future, fraction of its value.').default(0.2),
  costBps: bps('Four fills, delivery and conversion').default(30),
  cap: fraction('Largest size, fraction of NAV.').max(0.2).default(0.2),
  fullApr: positive('Net APR at which the size reaches the cap [D].').default(0.3),
  maxAgeHours: positive('A basis older than this is stale.').default(24),
  heldMaxAgeHours: z
    .number()
    .positive()
    .nullable()
    .describe('The same for a package that is held, where prices come seldom; null: `maxAgeHours`.')
    .default(null),
})

export const xExchangeFunding = z.strictObject({
  ...common(0.2),
  perpetuals: onlyPerpetuals(),
  settlementDays: positive('Days behind the mean rate of a venue [D].').default(3),
  halfLifeDays: count('Days of spreads behind the half-life that is expected to be held [D].').default(90),
  minHoldDays: positive('Least expected holding time, days [D].').default(1),
  maxHoldDays: positive('Largest expected holding time, days [D].').default(30),
  ...costs,
  fullApr: positive('Spread a year at which the size reaches the cap [D].').default(0.3),
  cap: fraction('Largest size of a leg, fraction of NAV [S].').max(0.2).default(0.2),
  reversalHours: positive('Out when the spread has been reversed for so long [S].').default(6),
  maxAgeHours: positive('A rate older than this takes no part.').default(25),
})

const optionTerms = {
  venue: z.enum(['deribit']).describe('Where the options trade.').default('deribit'),
  currency: z.enum(['BTC', 'ETH']).describe('Currency of the chain.').default('BTC'),
  hedge: z
    .enum(['future', 'perpetual'])
    .describe('What hedges delta: the dated future next behind the options, or the perpetual.')
    .default('perpetual'),
  hedgeHours: count('Fixed hours, UTC, at which delta is hedged [S].').default(4),
  hedgeDelta: fraction('|Delta| a unit at which it is hedged between those hours; 0: never [D].').default(0.1),
  vegaLimit: fraction('|Vega| of ten volatility points, fraction of NAV [D].').default(0.01),
  optionTick: z.string().describe('Price step of an option, coin.').default('0.0001'),
  optionLot: z.string().describe('Size step of an option, coins.').default('0.1'),
  maxAgeHours: positive('A chain older than this is stale.').default(14),
}

export const volRiskPremium = z.strictObject({
  ...common(0.2),
  ...optionTerms,
  minDays: positive('Least days to expiry [S].').default(7),
  maxDays: positive('Most days to expiry [S].').default(14),
  rule: z
    .enum(['variance', 'points'])
    .describe('Sells when implied exceeds realised variance, or volatility by `minPoints`.')
    .default('variance'),
  minPoints: positive('Volatility points of the rule `points` [D].').default(3),
  exitDays: positive('Leaves with so many days left [D].').default(1),
  stopMultiple: positive('Leaves at a loss of so many premiums [D].').default(2),
  wingDelta: fraction('Delta of the wings [S].').default(0.25),
  wingBudget: fraction('Largest cost of the wings, fraction of the premium [S].').default(0.15),
  realisedStepHours: count('Step of the returns behind realised volatility.').default(1),
})

export const skewWhipsaw = z.strictObject({
  ...common(0.2),
  ...optionTerms,
  entryPoints: positive('|Skew| in volatility points beyond which it is faded [S].').default(15),
  exitPoints: positive('|Skew| below which it leaves [D].').default(5),
  medianDays: count('Leaves when skew is back at the median of so many days [D].').default(90),
  stopPoints: positive('Leaves when skew went so much further [D].').default(10),
  minDays: positive('Least days to expiry of the options that are traded [D].').default(14),
  maxDays: positive('Most days to expiry of the options that are traded [D].').default(45),
})

export const ssr = z.strictObject({
  enabled: off(),
  marketCap: series('Market capitalisation of BTC, US dollars, daily.').default('coinmetrics.btc.CapMrktCurUSD'),
  supplies: z
    .array(series('Capitalisation of stablecoins, US dollars, daily.'))
    .min(1)
    .describe('Series that are added up, each from its first day on.')
    .default(['defillama.stablecoins.supply_usd']),
  from: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}$/)
    .describe('First day that counts: sources of stablecoin supplies are incomplete before the middle of 2020.')
    .optional(),
  windowDays: count('Days of mean and standard deviation.').default(200),
  slope: fraction('Largest change of long weights [D].').default(0.25),
  maxAgeDays: positive('A value older than this is stale.').default(3),
})

export const mvrv = z.strictObject({
  enabled: off(),
  marketCap: series('Market capitalisation, US dollars, daily.').default('coinmetrics.btc.CapMrktCurUSD'),
  ratio: series('Market capitalisation / realised capitalisation, daily.').default('coinmetrics.btc.CapMVRVCur'),
  variant: z
    .enum(['expanding', 'ratio1460'])
    .describe('Z of methods 12, or z of the ratio over 1460 days, which is another quantity.')
    .default('expanding'),
  minObservations: count('Days before it has an opinion.').default(365),
  euphoriaThreshold: z.number().describe('Above it new longs are blocked and longs halved [S].').default(7),
  valueThreshold: z.number().describe('Below it longs grow and shorts are blocked [S].').default(-1),
  euphoriaLongFactor: fraction('Factor on longs in euphoria.').default(0.5),
  valueLongFactor: fraction('Factor on longs in value.').default(1.25),
  maxAgeDays: positive('A value older than this is stale.').default(3),
})

/** A decider of the user's own; docs/guides/write-a-signal.md. */
export const externalSignal = z.strictObject({
  module: z
    .string()
    .min(1)
    .describe('File of the signal, beside the configuration: its default export makes a decider.'),
  budget: fraction('Share of the risk budget.').default(1),
  maxAbsWeight: fraction('Cap of a weight of this signal in the blend, fraction of NAV.').default(0.25),
  options: z.record(z.string(), z.unknown()).describe('Handed to the signal as they are.').default({}),
})

const lakeSeries = (about: string, example: string) =>
  z
    .string()
    .regex(/^[a-z0-9_-]+\.[a-z0-9_-]+\.[A-Za-z0-9._-]+$/, `must be venue.market.SYMBOL, such as ${example}`)
    .describe(about)
const contract = {
  tick: amount('Price step, quote.').default('0.5'),
  lot: amount('Size step: US dollars of one contract where it settles in the coin, else base coins.').default('10'),
}

/**
 * Series of the lake that a backtest plays beside bars and funding, named venue.market.SYMBOL as `quantbot data` lists them; runs
 * on venues get theirs from connectors. Each row comes at its `available_at`. What the lake does not hold is told and left out.
 * Open interest, on-chain series and volatility indices warm up on all that the lake holds before the span; the others as far
 * back as bars.
 */
export const feedsSchema = z.strictObject({
  openInterest: z
    .array(
      z.strictObject({
        instrument: instrument('Instrument of the universe that it is told of.'),
        series: lakeSeries(
          'Series of the lake. Where it holds only the value in quote, that is divided by the close of the instrument at the same time.',
          'cryptoquant.all.BTC',
        ),
      }),
    )
    .describe('Open interest.')
    .default([]),
  onChain: z
    .array(series('source.asset.metric, as imported with --venue, --market and the name of the column.'))
    .describe('On-chain metrics, every revision when it could be read.')
    .default([]),
  volatility: z
    .array(
      z.strictObject({
        venue: z.string().min(1).describe('Venue of the index.').default('deribit'),
        currency: z.string().min(1).describe('Its currency.'),
        series: lakeSeries('Series of the lake.', 'deribit.index.BTC'),
      }),
    )
    .describe('Volatility indices.')
    .default([]),
  options: z
    .array(
      z.strictObject({
        venue: z.string().min(1).describe('Venue of the options.').default('deribit'),
        currency: z.string().min(1).describe('Currency of the chain.'),
        series: lakeSeries('Series of the lake.', 'deribit.option.BTC'),
      }),
    )
    .describe('Option chains: an event for each expiry of a snapshot.')
    .default([]),
  futures: z
    .array(
      z.strictObject({
        base: z.string().min(1).describe('Base currency.'),
        quote: z.string().min(1).describe('Quote currency.').default('USD'),
        series: z
          .string()
          .regex(/^[a-z0-9_-]+\.[a-z0-9_-]+\./, 'must begin with venue.market., such as deribit.future.BTC-')
          .describe('Begin of the names of the contracts: deribit.future.BTC- or binance.coinm.BTCUSD_.'),
        indexOf: instrument(
          'Instrument of the universe whose close at the same time stands for an index that the source does not tell.',
        ).optional(),
        ...contract,
      }),
    )
    .describe('Dated futures: each contract is listed with its expiry and told by its marks.')
    .default([]),
  marks: z
    .array(
      z.strictObject({
        instrument: instrument('Instrument, not of the universe, that is traded at its marks alone.'),
        base: z.string().min(1).describe('Base currency.'),
        quote: z.string().min(1).describe('Quote currency.').default('USD'),
        series: lakeSeries(
          'Series of the lake; the instrument when absent.',
          'deribit.perpetual.BTC-PERPETUAL',
        ).optional(),
        ...contract,
      }),
    )
    .describe('Perpetuals that hedge packages and have no bars.')
    .default([]),
})

export type FundingCarryConfig = z.infer<typeof fundingCarry>
export type OiPriceConfig = z.infer<typeof oiPrice>
export type CrossSectionalConfig = z.infer<typeof crossSectional>
export type CashCarryConfig = z.infer<typeof cashCarry>
export type XExchangeFundingConfig = z.infer<typeof xExchangeFunding>
export type VolRiskPremiumConfig = z.infer<typeof volRiskPremium>
export type SkewWhipsawConfig = z.infer<typeof skewWhipsaw>
export type SsrConfig = z.infer<typeof ssr>
export type MvrvConfig = z.infer<typeof mvrv>
export type ExternalSignalConfig = z.infer<typeof externalSignal>
export type FeedsConfig = z.infer<typeof feedsSchema>
