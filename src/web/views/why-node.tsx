/** Owns one event of an explanation: its sentence, its numbers, its reasons below. What was told above is only pointed at. */
import { useState } from 'preact/hooks'
import type { ExplainNode } from '#audit/explanation.port'
import { count } from '../format.js'
import { linkTo } from '../run-store.js'
import { numbersOf, stageOf } from '../why-tree.js'

interface NodeProps {
  readonly node: ExplainNode
  /** So many levels from here are open at first. */
  readonly openTo: number
}

const anchor = (seq: number): string => `why-${seq}`

export function WhyNode({ node, openTo }: NodeProps) {
  const stage = stageOf(node.type)
  return (
    <li class={`node ${stage}`} {...(node.told ? {} : { id: anchor(node.seq) })}>
      <div class="line">
        <span class="stage">{stage}</span>
        <p>{node.says}</p>
        <a class="code seq" href={linkTo('why', String(node.seq))} title={`Explain seq ${node.seq} by itself`}>
          {count(node.seq)}
        </a>
      </div>
      {node.told ? (
        <button type="button" class="quiet told-above" onClick={() => show(node.seq)}>
          told above ↑
        </button>
      ) : (
        <>
          {node.details.length === 0 ? null : (
            <ul class="details">
              {node.details.map((detail) => (
                <li key={detail}>{detail}</li>
              ))}
            </ul>
          )}
          <Data node={node} />
        </>
      )}
      {node.because.length === 0 ? null : (
        <details class="because" open={openTo > 1}>
          <summary>because of {node.because.length === 1 ? 'this' : `these ${count(node.because.length)}`}</summary>
          <ol>
            {node.because.map((each) => (
              <WhyNode key={each.seq} node={each} openTo={openTo - 1} />
            ))}
          </ol>
        </details>
      )}
    </li>
  )
}

/** Opens what is around it, too. */
function show(seq: number): void {
  const element = document.getElementById(anchor(seq))
  for (let each = element?.parentElement; each; each = each.parentElement)
    if (each instanceof HTMLDetailsElement) each.open = true
  element?.scrollIntoView({ block: 'center' })
  element?.animate([{ outline: '2px solid currentColor' }, { outline: '2px solid transparent' }], 1500)
}

/** Built when it is opened: a tree of hundreds of events has thousands of numbers. */
function Data({ node }: { readonly node: ExplainNode }) {
  const [isOpen, open] = useState(false)
  if (node.data === null || node.data === undefined) return null
  return (
    <details class="numbers" onToggle={(event) => open(event.currentTarget.open)}>
      <summary>
        numbers <span class="code">{node.type}</span>
      </summary>
      {isOpen ? numbersOf(node.data).map((table) => <Table key={table.head.join()} {...table} />) : null}
    </details>
  )
}

function Table({ head, rows }: { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] }) {
  const isNamed = head.some((name) => name !== '')
  return (
    <div class="scroll">
      <table>
        {isNamed ? (
          <thead>
            <tr>
              {head.map((name, i) => (
                <th key={name} scope="col" class={i === 0 ? '' : 'n'}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
        ) : null}
        <tbody>
          {rows.map((row) => (
            <tr key={row.join()}>
              {row.map((cell, i) => (
                <td key={head[i] ?? i} class={i === 0 || !isNamed ? '' : 'n'}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
