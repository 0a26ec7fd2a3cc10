/**
 * Owns which figures of a measurement are beyond their limits, and what of that is news. Must never say the same twice: an alert is
 * told when it goes on and when it goes off.
 */
import type { RiskConfig } from '#core/config/schema'
import { quantise } from '#events/line-buffer'
import type { RiskAlerted, RiskMeasured } from '#events/risk-measures.events'

type Alert = RiskAlerted['data']
type Measured = RiskMeasured['data']

interface Watched {
  readonly what: Alert['what']
  readonly subject?: string
  readonly value: number
  readonly limit: number
  readonly isOn: boolean
}

const above = (what: Alert['what'], value: number | null | undefined, limit: number, subject?: string): Watched[] =>
  value === null || value === undefined
    ? []
    : [{ what, ...(subject === undefined ? {} : { subject }), value, limit, isOn: value > limit }]

/** Every figure that has a limit. */
function watchedOf(data: Measured, risk: RiskConfig): Watched[] {
  const worst = data.worst
  const stress = worst === undefined ? 0 : -worst.pnl
  const legs = new Map<string, Measured['legs'][number]>()
  for (const leg of data.legs) {
    const known = legs.get(leg.instrument)
    if (known === undefined || (leg.distance ?? Infinity) < (known.distance ?? Infinity)) legs.set(leg.instrument, leg)
  }
  return [
    ...above('coinCorrelation', data.coinCorrelation, risk.correlationAlert),
    ...above('signalCorrelation', data.signalCorrelation, risk.correlationAlert),
    ...above('valueAtRisk', data.tails.at(-1)?.historicVar, risk.valueAtRiskLimit),
    ...above('stress', stress, risk.stressLimit),
    ...[...legs.values()].flatMap(({ instrument, distance, survives }): Watched[] => {
      if (distance === null) return []
      const near = { subject: instrument, value: distance }
      return [
        { what: 'liquidation', ...near, limit: risk.liquidationAlert, isOn: distance < risk.liquidationAlert },
        { what: 'marginStress', ...near, limit: risk.marginStress, isOn: !survives },
      ]
    }),
    ...data.venues.flatMap(({ venue, gross }) => above('venueLimit', gross, risk.limitAlert * risk.venueCap, venue)),
    ...(risk.coinCap === undefined
      ? []
      : data.coins.flatMap(({ coin, net }) =>
          above('coinLimit', Math.abs(net), risk.limitAlert * risk.coinCap!, coin),
        )),
    ...risk.drawdownLadder.map(
      ({ at }): Watched => ({
        what: 'drawdown',
        subject: String(at),
        value: data.drawdown,
        limit: -at,
        isOn: data.drawdown <= -at,
      }),
    ),
  ]
}

export const alertKey = ({ what, subject }: Pick<Alert, 'what' | 'subject'>): string =>
  subject === undefined ? what : `${what} ${subject}`

/** What goes on or off; `on`: keys of those that are on. What is measured no more goes off without a value. */
export function alertsOf(
  data: Measured,
  on: readonly Pick<Alert, 'what' | 'subject' | 'limit'>[],
  risk: RiskConfig,
): Alert[] {
  const watched = watchedOf(data, risk).map((one) => ({ ...one, limit: quantise(one.limit, 6) }))
  const was = new Set(on.map(alertKey))
  const seen = new Set(watched.map(alertKey))
  const changed: Alert[] = watched.filter((one) => one.isOn !== was.has(alertKey(one)))
  const gone = on.filter((one) => !seen.has(alertKey(one)))
  return [
    ...changed,
    ...gone.map(({ what, subject, limit }) => ({
      ...(subject === undefined ? {} : { subject }),
      what,
      value: null,
      limit,
      isOn: false,
    })),
  ]
}
