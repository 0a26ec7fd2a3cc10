/**
 * Owns the simulated Binance as the exchange plays it: spot, USD-M and COIN-M below one origin. REST lies where it lies on
 * the venue's hosts; their stream hosts are path prefixes named like them, because ccxt knows spot by `/stream`.
 */
import type { SimContext, SimProtocol, SimReply, SimSession, SimSocket } from '../protocol.port.js'
import { type SimAccount, TEST_ACCOUNT } from './account.js'
import type { Market } from './limits.js'
import { restReply } from './rest.js'
import { BinanceSession } from './session.js'
import type { Group } from './streams.js'
import { type SymbolTable, symbolTable } from './symbols.js'

export interface BinanceOptions {
  readonly accounts?: readonly SimAccount[]
}

const HOSTS: Readonly<Record<string, Market>> = { 'stream-spot': 'spot', fstream: 'usdm', dstream: 'coinm' }

/** `/fstream/market/stream?streams=a/b`, `/stream-spot/ws/a/b`; the root of fstream was retired in April 2026. */
const PATH =
  /^\/(?<host>stream-spot|fstream|dstream)(?:\/(?<group>public|market|private))?\/(?<kind>ws|stream)(?:\/(?<names>.*))?$/

export function binanceProtocol({ accounts = [TEST_ACCOUNT] }: BinanceOptions = {}): SimProtocol {
  let table: SymbolTable | undefined
  const tableOf = (context: SimContext): SymbolTable => {
    table ??= symbolTable(context.world)
    return table
  }
  return {
    venue: 'binance',
    handle: (request, context) => restReply(request, context, { table: tableOf(context), accounts }),
    connect: (socket, context) => connect(socket, context, tableOf(context)),
    maintenanceReply: {
      status: 503,
      body: { code: -1000, msg: 'Service Unavailable: system maintenance.' },
    },
    serverError,
    urls: (rest, ws) => ({
      public: `${rest}/api/v3`,
      private: `${rest}/api/v3`,
      fapiPublic: `${rest}/fapi/v1`,
      fapiPublicV2: `${rest}/fapi/v2`,
      fapiPublicV3: `${rest}/fapi/v3`,
      fapiPrivate: `${rest}/fapi/v1`,
      fapiPrivateV2: `${rest}/fapi/v2`,
      fapiPrivateV3: `${rest}/fapi/v3`,
      fapiData: `${rest}/futures/data`,
      dapiPublic: `${rest}/dapi/v1`,
      dapiPrivate: `${rest}/dapi/v1`,
      dapiPrivateV2: `${rest}/dapi/v2`,
      dapiData: `${rest}/futures/data`,
      spotWs: `${ws}/stream-spot/ws`,
      futureWs: `${ws}/fstream/ws`,
      deliveryWs: `${ws}/dstream/ws`,
    }),
  }
}

const serverError = (status: number): SimReply => ({
  status,
  body:
    status === 503
      ? { code: -1000, msg: 'Unknown error, please check your request or try again later.' }
      : `<html><head><title>${status}</title></head><body>${status}</body></html>`,
})

function connect(socket: SimSocket, context: SimContext, table: SymbolTable): SimSession | undefined {
  const parts = PATH.exec(socket.path)?.groups
  const market = parts?.host === undefined ? undefined : HOSTS[parts.host]
  if (parts === undefined || market === undefined) return undefined
  const group = parts.group as Group | undefined // the expression knows no other words
  if ((market === 'usdm') !== (group !== undefined)) return undefined
  const isCombined = parts.kind === 'stream'
  const listed = isCombined ? (new URLSearchParams(socket.rawQuery).get('streams') ?? '') : (parts.names ?? '')
  const streams = listed.split('/').filter((name) => name.includes('@') || name.startsWith('!'))
  return new BinanceSession(socket, context, { market, group, isCombined, streams, table })
}
