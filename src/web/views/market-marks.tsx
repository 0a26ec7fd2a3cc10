/** Owns the table of what we did in an instrument: the marks of the chart for the keyboard and the ear. Newest first. */
import { useState } from 'preact/hooks'
import type { Mark } from '../charts/candles-data.js'
import { count, decimal, price, time } from '../format.js'
import { Panel } from '../parts/panel.js'
import { Empty } from '../parts/states.js'
import { linkTo } from '../run-store.js'

const ROWS = 25

export function MarketMarks({ marks, untilSeq }: { readonly marks: readonly Mark[]; readonly untilSeq: number }) {
  const [rows, setRows] = useState(ROWS)
  const known = marks.filter(({ seq }) => seq <= untilSeq)
  const newest = known.slice(-rows).reverse()
  return (
    <Panel title="What we did here" note={`${count(known.length)} up to seq ${count(untilSeq)}`}>
      {newest.length === 0 ? (
        <Empty>Nothing yet: no decision, no order, no fill in this instrument.</Empty>
      ) : (
        <div class="scroll">
          <table class="marks" data-test="marks">
            <thead>
              <tr>
                <th>Time</th>
                <th>What</th>
                <th>Side</th>
                <th class="n">Quantity</th>
                <th class="n">Price</th>
                <th>Says</th>
              </tr>
            </thead>
            <tbody>
              {newest.map((mark) => (
                <tr key={`${mark.seq}-${mark.kind}`}>
                  <td class="nowrap">
                    <a href={linkTo('why', String(mark.seq))} title={`seq ${mark.seq}: why`}>
                      {time(mark.ts)}
                    </a>
                  </td>
                  <td>{mark.kind}</td>
                  <td class={mark.side === 'buy' || mark.side === 'long' ? 'up' : mark.side === 'flat' ? '' : 'down'}>
                    {mark.side}
                  </td>
                  <td class="n">{mark.quantity === '' ? '' : decimal(mark.quantity)}</td>
                  <td class="n">{mark.price === null ? '' : price(mark.price)}</td>
                  <td class="soft says">{mark.says}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {known.length > rows ? (
        <button type="button" class="quiet" onClick={() => setRows(rows * 4)}>
          Older ones
        </button>
      ) : null}
    </Panel>
  )
}
