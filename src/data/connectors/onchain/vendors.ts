/** Owns how each vendor of on-chain metrics is spoken to: host, key, limits, calls. Never lets a key into an error or a file. */
import type { TimePort } from '#core/ports'
import type { EpochMs } from '#core/time'
import type { Call, PoolSpec, VenueFailure } from '../adapter.port.js'
import type { OnChainRecord, Vendor } from '../normal.js'
import type { QuarantinePort } from '../quarantine.js'
import { RateBudget } from '../rate-budget.js'
import { RestClient } from '../rest-client.js'
import { CRYPTOQUANT_POOLS, cryptoquantCall, cryptoquantFailure } from './cryptoquant.js'
import { GLASSNODE_POOLS, glassnodeCall, glassnodeFailure } from './glassnode.js'
import type { MetricPlan } from './metrics.js'

type Headers = Readonly<Record<string, string | string[] | undefined>>

interface VendorWay {
  readonly rest: string
  readonly pools: readonly PoolSpec[]
  readonly headers: (key: string) => Readonly<Record<string, string>>
  /** Values with period start in `[since, until)`. */
  readonly call: (plan: MetricPlan, since: EpochMs, until?: EpochMs) => Call<readonly OnChainRecord[]>
  readonly failure: (status: number, headers: Headers, body: string, now: EpochMs) => VenueFailure
  /** Most rows of an answer, the newest ones; null: all of them. */
  readonly rowsMax: number | null
}

export const VENDOR_WAYS: Readonly<Record<Vendor, VendorWay>> = {
  glassnode: {
    rest: 'https://api.glassnode.com',
    pools: GLASSNODE_POOLS,
    headers: (key) => ({ 'x-api-key': key }),
    call: glassnodeCall,
    failure: glassnodeFailure,
    rowsMax: null,
  },
  cryptoquant: {
    rest: 'https://api.cryptoquant.com',
    pools: CRYPTOQUANT_POOLS,
    headers: (key) => ({ authorization: `Bearer ${key}` }),
    call: cryptoquantCall,
    failure: cryptoquantFailure,
    rowsMax: 1000,
  },
}

export interface VendorClientOptions {
  readonly vendor: Vendor
  readonly key: string
  /** Instead of the vendor's own host. */
  readonly rest?: string | undefined
  readonly time: TimePort
  readonly seed: number
  readonly quarantine?: QuarantinePort
}

/** To be closed by whoever asked for it. An answer that repeats the key is shown without it. */
export function vendorClient({ vendor, key, rest, time, seed, quarantine }: VendorClientOptions): RestClient {
  const way = VENDOR_WAYS[vendor]
  const hidden = (text: string): string => text.replaceAll(key, '…')
  return new RestClient({
    adapter: {
      venue: vendor,
      usage: () => [],
      failure: (status, headers, body) => way.failure(status, headers, hidden(body), time.now()),
    },
    headers: way.headers(key),
    endpoints: { rest: (rest ?? way.rest).replace(/\/+$/, '') },
    budget: new RateBudget({ venue: vendor, pools: way.pools, time, limitShare: 1, cancelReserve: 0 }),
    time,
    seed,
    ...(quarantine && {
      quarantine: {
        add: (refused) => quarantine.add({ ...refused, msg: hidden(refused.msg) }),
        get stats() {
          return quarantine.stats
        },
      },
    }),
  })
}
