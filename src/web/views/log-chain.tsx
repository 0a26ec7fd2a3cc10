/** Owns what is known of the log's integrity: how far the chain is proved, by which hash, how much of it is signed; a fault, loudly. */
import { count, percent } from '../format.js'
import { usePage } from '../hooks.js'

export function LogChain() {
  const head = usePage((page) => page.head)
  const facts = usePage((page) => page.facts)
  if (head === null) return null
  const { fault, seq, hash, checkpointSeq, segment, read } = head
  return (
    <section class={fault === null ? 'chain panel' : 'chain panel broken'} aria-label="Chain" data-test="chain">
      <div class="chain-word">
        {fault === null ? (
          <>
            <i class="dot good" /> <b>Chain holds</b> up to seq {count(seq)}
          </>
        ) : (
          <p role="alert">
            <i class="dot bad" /> <b>CHAIN BROKEN behind seq {count(seq)}</b>: <code>{fault.code}</code> {fault.detail}.
            Nothing behind it is shown or believed. <code>quantbot audit verify {facts?.run}</code> tells where.
          </p>
        )}
      </div>
      <dl>
        <div>
          <dt>Hash</dt>
          <dd>
            <code class="hash" title={hash}>
              {hash}
            </code>
          </dd>
        </div>
        <div>
          <dt>Signed</dt>
          <dd>{checkpointSeq === 0 ? 'no checkpoint yet' : `to seq ${count(checkpointSeq)}`}</dd>
        </div>
        <div>
          <dt>Segment</dt>
          <dd>{count(segment)}</dd>
        </div>
        {read < 1 ? (
          <div>
            <dt>Read</dt>
            <dd>{percent(read, 0)}</dd>
          </div>
        ) : null}
        {facts !== null && facts.firstSeq > 1 ? (
          <div>
            <dt>Archived</dt>
            <dd>before seq {count(facts.firstSeq)}</dd>
          </div>
        ) : null}
      </dl>
    </section>
  )
}
