/** Owns the answer to "why": an order, a signal, a refusal or any event, back to what the market did. */
import { useRef } from 'preact/hooks'
import type { ExplainNode, Explanation } from '#audit/explanation.port'
import { api } from '../api.js'
import { count, time } from '../format.js'
import { useFetched, usePage } from '../hooks.js'
import { Panel } from '../parts/panel.js'
import { Failed, Loading } from '../parts/states.js'
import { chooseSeq, goTo } from '../run-store.js'
import type { ViewProps } from '../views.js'
import { OPEN_DEPTH, sizeOf } from '../why-tree.js'
import { WhyNode } from './why-node.js'
import { Suggestions } from './why-suggestions.js'
import './why.css'

export function Why({ argument }: ViewProps) {
  const {
    document: explanation,
    problem,
    isLoading,
  } = useFetched(argument === '' ? null : argument, (abort) => api.explain(argument, abort))
  return (
    <div class="stack why-view">
      <div class="row">
        <h1>Why</h1>
        <Ask argument={argument} />
      </div>
      {argument === '' ? <Suggestions /> : null}
      {problem === null ? null : <Failed problem={problem} />}
      {argument !== '' && isLoading ? <Loading what="Reading the log" /> : null}
      {argument === '' || explanation === null ? null : <Told explanation={explanation} isOld={isLoading} />}
    </div>
  )
}

function Ask({ argument }: { readonly argument: string }) {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    const form = event.currentTarget as HTMLFormElement // the listener is on it
    const target = String(new FormData(form).get('target') ?? '').trim()
    goTo(
      'why',
      target.replace(/^(\d{1,3}(?:,\d{3})+)$/, (text) => text.replaceAll(',', '')),
    )
  }
  return (
    <form class="ask" onSubmit={submit}>
      <label>
        <span class="hidden">Seq, order, venue's order or trade</span>
        <input
          key={argument}
          name="target"
          placeholder="seq, order id or venue's id"
          defaultValue={argument}
          autocomplete="off"
          spellcheck={false}
        />
      </label>
      <button type="submit">Explain</button>
    </form>
  )
}

function Told({ explanation, isOld }: { readonly explanation: Explanation; readonly isOld: boolean }) {
  const tree = useRef<HTMLDivElement>(null)
  const size = sizeOf(explanation.cause)
  const at = usePage((page) => page.route.at)
  const setAll = (isOpen: boolean): void => {
    for (const each of tree.current?.querySelectorAll<HTMLDetailsElement>('details.because') ?? []) each.open = isOpen
  }
  return (
    <div class={isOld ? 'told old' : 'told'} ref={tree}>
      <Panel
        title={explanation.summary}
        note={`${count(size.nodes)} events, ${count(size.depth)} deep, ${count(size.roots)} beginnings`}
        tools={
          <>
            <button type="button" onClick={() => setAll(true)}>
              Open all
            </button>
            <button type="button" onClick={() => setAll(false)}>
              Close all
            </button>
            {at === explanation.seq ? null : (
              <button
                type="button"
                onClick={() => chooseSeq(explanation.seq)}
                title="Every view shows the run as of this event"
              >
                Go there
              </button>
            )}
          </>
        }
      >
        <Nodes nodes={explanation.cause} />
      </Panel>
      {explanation.effects.length === 0 ? null : (
        <Panel title="What came of it" note={count(explanation.effects.length)}>
          <Nodes nodes={explanation.effects} />
        </Panel>
      )}
      {explanation.cause[0]?.ts === undefined || explanation.cause[0].ts === null ? null : (
        <p class="note">
          seq {count(explanation.seq)}, {time(explanation.cause[0].ts)} UTC. Told by the log alone.
        </p>
      )}
    </div>
  )
}

function Nodes({ nodes }: { readonly nodes: readonly ExplainNode[] }) {
  return (
    <ol class="tree">
      {nodes.map((node) => (
        <WhyNode key={node.seq} node={node} openTo={OPEN_DEPTH} />
      ))}
    </ol>
  )
}
