/** Owns the sentences of the monitor of risk: what the book could lose, and which figure is beyond its limit. */
import { symbolOf } from '#core/ids'
import type { RiskAlerted, RiskMeasured, Stress } from '#events/risk-measures.events'
import { money, percent, ratio, when } from './words.js'

interface Words {
  readonly says: string
  readonly details: readonly string[]
}

const SHOCK_NAMES: Readonly<Record<Stress['shock'], string>> = {
  priceUp: 'all coins',
  priceDown: 'all coins',
  btcUp: 'BTC alone',
  btcDown: 'BTC alone',
  volUp: 'volatilities',
  volDown: 'volatilities',
  basisUp: 'basis',
  basisDown: 'basis',
  fundingUp: 'funding for a week',
  fundingDown: 'funding for a week',
  peg: 'off its peg',
  venue: 'gone',
}

const signed = (value: number): string => `${value > 0 ? '+' : ''}${percent(value)}`

/** `all coins -30 %`, `USDT off its peg -10 %`, `binance gone`. */
function shockOf({ shock, subject, size }: Omit<Stress, 'pnl'>): string {
  const named = `${subject === undefined ? '' : `${subject} `}${SHOCK_NAMES[shock]}`
  switch (shock) {
    case 'venue':
      return named
    case 'fundingUp':
    case 'fundingDown':
      return `${named} at ${ratio(size)} times its last rates`
    case 'volUp':
    case 'volDown':
      return `${named} ${size > 0 ? '+' : ''}${ratio(size * 100)} points`
    default:
      return `${named} ${signed(size)}`
  }
}

export function sayMeasures({ by, ts, data }: RiskMeasured): Words {
  const { nav, gross, net, annualVol, worst, tails, days, stresses, margin, legs } = data
  const worstCase =
    worst === undefined ? 'no stress loses anything' : `worst stress ${shockOf(worst)}: ${signed(worst.pnl)} of NAV`
  const says = `${by} measured the book at ${when(ts)}${data.cause === 'move' ? ' after a large move' : ''}, NAV ${money(nav)}: gross ${percent(gross)}, net ${percent(net)}, volatility ${percent(annualVol)} a year ex ante; ${worstCase}`
  return {
    says,
    details: [
      ...tails.map(
        (tail) =>
          `a day at ${percent(tail.confidence)}: value at risk ${percent(tail.historicVar)}, expected shortfall ${percent(tail.historicEs)} by ${days} days of the past; normal ${percent(tail.normalVar)}${tail.cornishFisherVar === null ? '' : `, Cornish-Fisher ${percent(tail.cornishFisherVar)}`}; ten days about ${percent(tail.tenDayVarApprox)} (× √10, an approximation)`,
      ),
      ...stresses.map((one) => `${shockOf(one)}: ${signed(one.pnl)} of NAV`),
      ...data.venues.map((row) => `at ${row.venue}: gross ${percent(row.gross)}, net ${percent(row.net)}`),
      ...data.coins.map((row) => `in ${row.coin}: gross ${percent(row.gross)}, net ${percent(row.net)}`),
      `margin: ${percent(margin.used)} of the collateral is used`,
      ...legs.map(sayLeg),
    ],
  }
}

function sayLeg({ instrument, package: id, weight, distance, survives }: RiskMeasured['data']['legs'][number]): string {
  const leg = `${symbolOf(instrument)}${id === undefined ? '' : ` of ${id}`}, ${percent(weight)} of NAV`
  const end = distance === null ? 'no price liquidates it' : `liquidated ${percent(distance)} from here`
  return `${leg}: ${end}${survives ? '' : ', which the stress of margin reaches'}`
}

const FIGURES: Readonly<Record<RiskAlerted['data']['what'], string>> = {
  coinCorrelation: 'the average correlation of the coins held',
  signalCorrelation: 'the average correlation of the signals',
  valueAtRisk: 'the value at risk of a day at 99 %',
  stress: 'the loss in the worst stress',
  liquidation: 'the distance to liquidation',
  marginStress: 'the distance to liquidation',
  venueLimit: 'the gross exposure at a venue',
  coinLimit: 'the net exposure in a coin',
  drawdown: 'the drawdown',
}

export function sayAlert({ by, ts, data }: RiskAlerted): string {
  const { what, subject, value, limit, isOn } = data
  const write = what === 'coinCorrelation' || what === 'signalCorrelation' ? ratio : percent
  const about = subject === undefined || what === 'drawdown' ? '' : ` of ${symbolOf(subject)}`
  const seen = value === null ? 'is over: nothing of it is held' : `is ${write(value)} against ${write(limit)}`
  return `${by} ${isOn ? 'warned' : 'took a warning back'} at ${when(ts)}: ${FIGURES[what]}${about} ${seen}`
}
