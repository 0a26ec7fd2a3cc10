/** Owns packages: trades of several legs, and how far their legs are apart. */
import type { LegRow, PackageRow } from '#audit/view/view.port'
import { decimal, direction, percent, price, signed, signedPercent, words } from '../format.js'
import { Instrument } from '../parts/link.js'
import { Panel } from '../parts/panel.js'
import { type Column, Table } from '../parts/table.js'

export function Packages({ packages }: { readonly packages: readonly PackageRow[] }) {
  const open = packages.filter(isAtWork)
  if (open.length === 0) return null
  return (
    <Panel title="Packages" note={`${open.length} of ${packages.length} hold or want something`}>
      <div class="packages">
        {open.map((each) => (
          <Package key={each.package} row={each} />
        ))}
      </div>
    </Panel>
  )
}

/** It holds a leg, or is to. */
const isAtWork = ({ target, legs }: PackageRow): boolean =>
  target !== 0 || legs.some(({ quantity, aim }) => Number(quantity) !== 0 || Number(aim) !== 0)

/** How much of a leg is there, in [0, 1]; null where nothing is aimed at. */
export function legDone({ quantity, aim }: Pick<LegRow, 'quantity' | 'aim'>): number | null {
  const wanted = Number(aim)
  return wanted === 0 ? null : Math.max(0, Math.min(1, Number(quantity) / wanted))
}

/** Legging risk is worth a colour from here: half a percent of NAV that moves with the coin. Chosen here. */
const NOTABLE = 0.005

function Package({ row }: { readonly row: PackageRow }) {
  const done = row.legs.map(legDone).filter((each) => each !== null)
  const apart = done.length < 2 ? 0 : Math.max(...done) - Math.min(...done)
  const isExposed = Math.abs(row.residualDelta) >= NOTABLE
  return (
    <article aria-label={row.package}>
      <header>
        <b>{row.package}</b>
        <span class="soft">{row.kind === row.signal ? row.signal : `${row.signal}, ${words(row.kind)}`}</span>
        <span class={row.status === 'open' ? 'up' : 'warn-text'}>{words(row.status)}</span>
        <span>{decimal(row.units)} units</span>
        <span>target {percent(row.target)} of NAV</span>
        <span
          class={isExposed ? 'warn-text' : 'soft'}
          title="Delta that the legs leave open: what the book would lose or win with the coin"
        >
          open delta {signedPercent(row.residualDelta)} of NAV
        </span>
        {apart > 0.001 ? <span class="warn-text">legs {percent(apart, 0)} apart</span> : null}
        {row.refusal === '' ? null : <span class="warn-text">refused: {words(row.refusal)}</span>}
      </header>
      <Table label={`Legs of ${row.package}`} columns={LEGS} rows={row.legs} rowKey={(leg) => leg.role} />
    </article>
  )
}

const LEGS: readonly Column<LegRow>[] = [
  { name: 'Leg', cell: (leg) => words(leg.role) },
  { name: 'Instrument', cell: (leg) => <Instrument id={leg.instrument} /> },
  { name: 'Held', isNumber: true, cell: (leg) => decimal(leg.quantity) },
  { name: 'Aim', isNumber: true, cell: (leg) => decimal(leg.aim) },
  {
    name: 'Done',
    isNumber: true,
    cell: (leg) => {
      const done = legDone(leg)
      return <span class={done !== null && done < 1 ? 'warn-text' : ''}>{percent(done, 0)}</span>
    },
  },
  { name: 'Average', isNumber: true, cell: (leg) => price(Number(leg.averagePrice) || null) },
  { name: 'Mark', isNumber: true, cell: (leg) => price(leg.mark || null) },
  { name: 'Delta', unit: 'coins', isNumber: true, cell: (leg) => signed(leg.delta, 4) },
  { name: 'Weight', unit: 'of NAV', isNumber: true, cell: (leg) => signedPercent(leg.weight) },
  {
    name: 'Unrealised',
    isNumber: true,
    cell: (leg) => (
      <span class={direction(leg.unrealised)}>
        {signed(leg.unrealised, leg.currency.startsWith('USD') ? 2 : 6)} <small class="faint">{leg.currency}</small>
      </span>
    ),
  },
]
