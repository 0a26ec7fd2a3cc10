/**
 * Owns signed calls of the simulated Bybit: key, timestamp, window, signature, limit of the account. Text that is signed:
 * timestamp + key + window + query (docs v5 guide, "Authentication"). One account; its money never moves here.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { SECOND_MS } from '#core/time'
import { mayDo, type SimContext, type SimLimit, type SimReply, type SimRequest } from '../protocol.port.js'
import { envelope, refusal } from './requests.js'

/** The account that the simulator has; nothing secret about it. */
export const SIM_ACCOUNT = { key: 'SIMBYBITKEY', secret: 'simulated-bybit-secret' } as const

const LIMIT: SimLimit = { name: 'account', capacity: 50, windowMs: SECOND_MS, kind: 'window' }
const DEFAULT_WINDOW_MS = 5000
const AHEAD_MS = SECOND_MS

const COINS = [
  { coin: 'USDT', amount: '100000' },
  { coin: 'BTC', amount: '1' },
] as const

const ANSWERS: ReadonlyMap<string, (context: SimContext) => unknown> = new Map<
  string,
  (context: SimContext) => unknown
>([
  ['/v5/account/wallet-balance', wallet],
  ['/v5/account/info', () => ({ marginMode: 'REGULAR_MARGIN', unifiedMarginStatus: 6, dcpStatus: 'OFF' })],
  ['/v5/user/query-api', keyInfo],
  ['/v5/asset/coin/query-info', () => ({ rows: [] })],
])

export const isSigned = (path: string): boolean => ANSWERS.has(path)

export function signedReply(request: SimRequest, context: SimContext): SimReply {
  const now = context.now()
  const refused = authenticate(request, now)
  if (refused !== undefined) return refusal(refused.code, refused.text, now)
  const { used, isOver, resetMs } = context.limiter.take(LIMIT, `${SIM_ACCOUNT.key} ${request.path}`, 1)
  const headers = {
    'X-Bapi-Limit': String(LIMIT.capacity),
    'X-Bapi-Limit-Status': String(Math.max(0, LIMIT.capacity - used)),
    // "Now" while there is no need to wait.
    'X-Bapi-Limit-Reset-Timestamp': String(isOver ? now + resetMs : now),
  }
  if (isOver) return refusal(10006, 'Too many visits. Exceeded the API Rate Limit.', now, headers)
  return { ...envelope(ANSWERS.get(request.path)?.(context), now), headers }
}

interface Refused {
  readonly code: number
  readonly text: string
}

function authenticate(request: SimRequest, now: number): Refused | undefined {
  const header = (name: string): string => String(request.headers[name] ?? '')
  const [key, stamp, sign] = [header('x-bapi-api-key'), header('x-bapi-timestamp'), header('x-bapi-sign')]
  const recv = header('x-bapi-recv-window')
  if (key !== SIM_ACCOUNT.key) return { code: 10003, text: 'API key is invalid.' }
  const windowMs = recv === '' ? DEFAULT_WINDOW_MS : Number(recv)
  const sent = Number(stamp)
  // serverTime - window <= timestamp < serverTime + 1000
  if (!(now - windowMs <= sent && sent < now + AHEAD_MS))
    return {
      code: 10002,
      text: `invalid request, please check your server timestamp or recv_window param. req_timestamp[${stamp}],server_timestamp[${now}],recv_window[${windowMs}]`,
    }
  const text = stamp + key + recv + (request.method === 'GET' ? request.rawQuery : request.body)
  const expected = createHmac('sha256', SIM_ACCOUNT.secret).update(text).digest()
  const given = Buffer.from(sign, 'hex')
  if (given.length === expected.length && timingSafeEqual(given, expected)) return undefined
  return { code: 10004, text: 'error sign! please check your signature generation algorithm.' }
}

/** Docs v5, "Get API Key Information". */
function keyInfo(context: SimContext): unknown {
  const canTrade = mayDo(context, 'trade')
  return {
    apiKey: SIM_ACCOUNT.key,
    readOnly: canTrade || mayDo(context, 'withdraw') ? 0 : 1,
    permissions: {
      ContractTrade: canTrade ? ['Order', 'Position'] : [],
      Spot: canTrade ? ['SpotTrade'] : [],
      Wallet: mayDo(context, 'withdraw') ? ['AccountTransfer', 'SubMemberTransfer', 'Withdraw'] : [],
      Options: canTrade ? ['OptionsTrade'] : [],
      Derivatives: canTrade ? ['DerivativesTrade'] : [],
      Exchange: [],
      Earn: [],
    },
    ips: ['*'],
    unified: 0,
    uta: 1,
    isMaster: true,
  }
}

function wallet(): unknown {
  const coin = COINS.map(({ coin: name, amount }) => ({
    coin: name,
    equity: amount,
    walletBalance: amount,
    usdValue: amount,
    locked: '0',
    borrowAmount: '0',
    availableToWithdraw: amount,
    unrealisedPnl: '0',
    cumRealisedPnl: '0',
    totalOrderIM: '0',
    totalPositionIM: '0',
  }))
  return { list: [{ accountType: 'UNIFIED', totalEquity: '100000', totalWalletBalance: '100000', coin }] }
}
