/** Owns how the venues stand that a process listens to, as it tells itself: sockets, ages, silent streams, clock, budget. */

import type { LiveStatus } from '#monitoring/metrics/live-status.port'
import { age, count, fixed, percent } from '../format.js'
import { usePage } from '../hooks.js'
import { Panel } from '../parts/panel.js'

interface ConnectorsProps {
  readonly live: LiveStatus | null
  readonly isPast: boolean
}

export function Connectors({ live, isPast }: ConnectorsProps) {
  const feeds = usePage((page) => page.state?.feeds)
  const ts = usePage((page) => page.state?.ts ?? 0)
  const isStopped = usePage((page) => page.state?.process.state === 'stopped')
  const venues = live?.feeds ?? []
  if (venues.length > 0) return <Venues venues={venues} />
  if (feeds === undefined || feeds.length === 0) return null
  return (
    <Panel title="Feeds" note={isPast ? 'as the log tells of then' : 'as the log tells'}>
      <div class="scroll">
        <table data-test="feeds">
          <thead>
            <tr>
              <th>Feed</th>
              <th>State</th>
              <th class="n">Interruptions</th>
              <th class="n">Newest event</th>
            </tr>
          </thead>
          <tbody>
            {feeds.map(({ feed, isUp, reason, since, interruptions, lastTs }) => (
              <tr key={feed}>
                <td>{feed}</td>
                <td>
                  <i class={`dot ${isStopped ? '' : isUp ? 'good' : 'bad'}`} />{' '}
                  {isStopped ? 'stopped' : isUp ? 'up' : `down: ${reason}`}{' '}
                  {since === 0 ? '' : <span class="soft">for {age(ts - since)}</span>}
                </td>
                <td class="n">{count(interruptions)}</td>
                <td class="n">{lastTs === 0 ? 'none' : `${age(ts - lastTs)} ago`}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  )
}

/** Beyond this a clock is off enough to matter (ours). */
const CLOCK_OFF_MS = 1_000

function Venues({ venues }: { readonly venues: LiveStatus['feeds'] }) {
  return (
    <Panel title="Venues" note="as the process tells, each second">
      <div class="venues" data-test="venues">
        {venues.map((venue) => {
          const { sockets, clockOffsetMs, budgetUsed, bars } = venue
          return (
            <section key={venue.venue} class={venue.isUp ? 'venue' : 'venue down-venue'} data-venue={venue.venue}>
              <h3>
                <i class={`dot ${venue.isUp ? 'good' : 'bad'}`} /> {venue.venue}
                {venue.isUp ? null : <span class="bad-text"> {venue.reason}</span>}
              </h3>
              <dl class="rows">
                <Fact name="Sockets" isBad={sockets.up < sockets.all}>
                  {count(sockets.up)} of {count(sockets.all)} up
                  {sockets.drops > 0 ? `, ${count(sockets.drops)} lost` : ''}
                  {sockets.rotations > 0 ? `, ${count(sockets.rotations)} renewed` : ''}
                </Fact>
                <Fact name="Newest frame">
                  {venue.frameAgeMs === null ? 'none yet' : `${age(venue.frameAgeMs)} ago`}{' '}
                  <span class="soft">of {count(venue.frames)}</span>
                </Fact>
                <Fact name="Silent streams" isBad={venue.silent.length > 0}>
                  {venue.silent.length === 0 ? 'none' : venue.silent.join(', ')}
                </Fact>
                <Fact name="Clock offset" isBad={Math.abs(clockOffsetMs ?? 0) > CLOCK_OFF_MS}>
                  {clockOffsetMs === null ? 'not measured' : `${fixed(clockOffsetMs, 0)} ms`}
                </Fact>
                <Fact name="Budget" isBad={budgetUsed > 0.9}>
                  <meter min={0} max={1} high={0.7} optimum={0} value={budgetUsed} /> {percent(budgetUsed, 0)}
                  {venue.requestsWaiting > 0 ? `, ${count(venue.requestsWaiting)} wait` : ''}
                  {venue.pausedUntil === null ? '' : ', requests paused'}
                </Fact>
                <Fact name="Bars by REST" isBad={bars.missing > 0}>
                  {count(bars.filled)} filled, {count(bars.missing)} missing, {count(bars.failed)} questions failed
                </Fact>
                <Fact name="Refused payloads" isBad={venue.quarantined > 0}>
                  {count(venue.quarantined)}
                </Fact>
              </dl>
              {venue.streams === undefined || venue.streams.length === 0 ? null : (
                <table class="streams">
                  <thead>
                    <tr>
                      <th>Stream</th>
                      <th class="n">Age</th>
                      <th class="n">Topics</th>
                      <th class="n">Silent</th>
                      <th class="n">Lost</th>
                    </tr>
                  </thead>
                  <tbody>
                    {venue.streams.map(({ stream, ageMs, topics, silent, reconnects }) => (
                      <tr key={stream}>
                        <td>{stream}</td>
                        <td class="n">{age(ageMs)}</td>
                        <td class="n">{count(topics)}</td>
                        <td class={silent > 0 ? 'n bad-text' : 'n'}>{count(silent)}</td>
                        <td class="n">{count(reconnects)}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              )}
            </section>
          )
        })}
      </div>
    </Panel>
  )
}

interface FactProps {
  readonly name: string
  readonly isBad?: boolean
  readonly children: preact.ComponentChildren
}

function Fact({ name, isBad = false, children }: FactProps) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class={isBad ? 'bad-text' : undefined}>{children}</dd>
    </div>
  )
}
