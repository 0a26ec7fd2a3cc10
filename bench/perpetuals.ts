/** Owns which perpetuals of the played market are read on three venues: as many coins on each. */
import type { SoakInstrument } from '#test/soak-rig'

const COINS = 'BTC ETH SOL XRP DOGE BNB ADA LINK AVAX LTC DOT TRX BCH UNI NEAR APT FIL'.split(' ')

/** The first `coins` (at most 17) of each venue. */
export function perpetualsOf(coins: number): SoakInstrument[] {
  return COINS.slice(0, coins).flatMap((coin) => {
    const world = `${coin}/USDT:USDT`
    return [
      { instrument: `binance.usdm.${coin}USDT`, world },
      { instrument: `bybit.linear.${coin}USDT`, world },
      { instrument: `okx.swap.${coin}-USDT-SWAP`, world },
    ]
  })
}
