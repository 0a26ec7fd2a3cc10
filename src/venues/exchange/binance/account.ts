/** Owns signed requests of the simulated Binance: keys, clock window, signature, balances. Orders come with live execution. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { EpochMs } from '#core/time'
import { mayDo, type SimContext, type SimRequest } from '../protocol.port.js'
import type { Market } from './limits.js'
import { BinanceRefusal } from './requests.js'

export interface SimAccount {
  readonly apiKey: string
  readonly secret: string
  /** Free amounts by asset. */
  readonly balances: Readonly<Record<Market, Readonly<Record<string, string>>>>
}

/** Keys of the simulator, known to everybody. */
export const TEST_ACCOUNT: SimAccount = {
  apiKey: 'simulated-binance-key',
  secret: 'simulated-binance-secret',
  balances: {
    spot: { USDT: '250000.00000000', BTC: '1.50000000' },
    usdm: { USDT: '100000.00000000' },
    coinm: { BTC: '2.00000000' },
  },
}

const LONGEST_WINDOW_MS = 60_000
const WINDOW_MS = 5000
const AHEAD_MS = 1000

/** The account that signed; throws the venue's refusals. The signature is over the query and the body as they were sent. */
export function signedBy(request: SimRequest, accounts: readonly SimAccount[], now: EpochMs): SimAccount {
  const key = request.headers['x-mbx-apikey']
  const account = accounts.find(({ apiKey }) => apiKey === key)
  if (typeof key !== 'string' || key === '') throw new BinanceRefusal(401, -2014, 'API-key format invalid.')
  if (account === undefined) throw new BinanceRefusal(401, -2015, 'Invalid API-key, IP, or permissions for action.')
  const payload = request.rawQuery + request.body
  const signed = /^(?<rest>.*?)&?signature=(?<signature>[^&]+)$/.exec(payload)?.groups
  if (signed === undefined)
    throw new BinanceRefusal(400, -1102, "Mandatory parameter 'signature' was not sent, was empty/null, or malformed.")
  const parameters = new URLSearchParams(request.body === '' ? request.rawQuery : `${request.rawQuery}&${request.body}`)
  const timestamp = Number(parameters.get('timestamp') ?? Number.NaN)
  if (!Number.isFinite(timestamp))
    throw new BinanceRefusal(400, -1102, "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed.")
  const window = Number(parameters.get('recvWindow') ?? WINDOW_MS)
  if (!(window > 0) || window > LONGEST_WINDOW_MS)
    throw new BinanceRefusal(400, -1131, "'recvWindow' must be less than 60000.")
  if (timestamp >= now + AHEAD_MS)
    throw new BinanceRefusal(400, -1021, "Timestamp for this request was 1000ms ahead of the server's time.")
  if (now - timestamp > window)
    throw new BinanceRefusal(400, -1021, 'Timestamp for this request is outside of the recvWindow.')
  const wanted = Buffer.from(createHmac('sha256', account.secret).update(signed.rest!).digest('hex'))
  const given = Buffer.from(signed.signature!)
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted))
    throw new BinanceRefusal(400, -1022, 'Signature for this request is not valid.')
  return account
}

/** `/sapi/v1/account/apiRestrictions` (docs of the wallet, "Get API Key Permission"). */
export const restrictionsAnswer = (context: SimContext): unknown => ({
  ipRestrict: false,
  createTime: context.world.start,
  enableReading: mayDo(context, 'read'),
  enableWithdrawals: mayDo(context, 'withdraw'),
  enableInternalTransfer: mayDo(context, 'withdraw'),
  enableMargin: false,
  enableFutures: mayDo(context, 'trade'),
  permitsUniversalTransfer: mayDo(context, 'withdraw'),
  enableVanillaOptions: false,
  enableFixApiTrade: false,
  enableFixReadOnly: false,
  enableSpotAndMarginTrading: mayDo(context, 'trade'),
  enablePortfolioMarginTrading: false,
})

/** `/api/v3/account`, `/fapi/v2|v3/account`, `/dapi/v1/account`. */
export function accountAnswer(market: Market, { balances }: SimAccount, now: EpochMs): unknown {
  const held = Object.entries(balances[market])
  if (market === 'spot')
    return {
      makerCommission: 10,
      takerCommission: 10,
      buyerCommission: 0,
      sellerCommission: 0,
      canTrade: true,
      canWithdraw: false,
      canDeposit: false,
      updateTime: now,
      accountType: 'SPOT',
      balances: held.map(([asset, free]) => ({ asset, free, locked: '0.00000000' })),
      permissions: ['SPOT'],
    }
  const [first] = held
  return {
    canTrade: true,
    totalWalletBalance: first?.[1] ?? '0.00000000',
    totalMarginBalance: first?.[1] ?? '0.00000000',
    availableBalance: first?.[1] ?? '0.00000000',
    assets: held.map(([asset, free]) => futuresAsset(asset, free, now)),
    positions: [],
    updateTime: now,
  }
}

const futuresAsset = (asset: string, free: string, now: EpochMs): unknown => ({
  asset,
  walletBalance: free,
  unrealizedProfit: '0.00000000',
  marginBalance: free,
  maintMargin: '0.00000000',
  initialMargin: '0.00000000',
  positionInitialMargin: '0.00000000',
  openOrderInitialMargin: '0.00000000',
  crossWalletBalance: free,
  crossUnPnl: '0.00000000',
  availableBalance: free,
  maxWithdrawAmount: free,
  marginAvailable: true,
  updateTime: now,
})

/** `/fapi/v2|v3/balance`, `/dapi/v1/balance`. */
export const balanceAnswer = (market: Market, { balances }: SimAccount, now: EpochMs): unknown =>
  Object.entries(balances[market]).map(([asset, free]) => ({
    accountAlias: 'SgsR',
    asset,
    balance: free,
    crossWalletBalance: free,
    crossUnPnl: '0.00000000',
    availableBalance: free,
    maxWithdrawAmount: free,
    marginAvailable: true,
    updateTime: now,
  }))
