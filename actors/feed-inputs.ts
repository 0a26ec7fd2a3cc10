/** Owns putting something between a feed's stream and the host; everything else of the feed stays as it is. */
import type { Observable } from 'rxjs'
import type { PushedInput } from '#engine/live'
import type { Feed } from './feed.port.js'

type Inputs = Observable<PushedInput>

/** The same feed with `change` applied to its stream; the feed itself where it pushes nothing. */
export function withInputs(feed: Feed, change: (inputs$: Inputs) => Inputs): Feed {
  if (feed.inputs$ === undefined) return feed
  return {
    name: feed.name,
    version: feed.version,
    dependencies: feed.dependencies,
    kind: feed.kind,
    onOrderPath: feed.onOrderPath,
    sources: feed.sources,
    recovered: feed.recovered,
    get hasEnded() {
      return feed.hasEnded
    },
    inputs$: (room$) => change(feed.inputs$!(room$)),
    freeze: () => feed.freeze(),
    run: (work) => feed.run(work),
    healthcheck: () => feed.healthcheck(),
    ...(feed.start ? { start: (signal) => feed.start!(signal) } : {}),
    ...(feed.restore ? { restore: (signal) => feed.restore!(signal) } : {}),
  }
}
