/** Owns the texts that `quantbot init` writes: a commented configuration, `.env.example`, `.gitignore`. Never holds a secret. */
import { configSchema } from '#core/config/schema'
import type { InitAnswers, InitVenue } from './init-answers.js'

export interface InitTexts {
  readonly config: string
  readonly env: string
}

/** Steps of usual coins; a venue's own replace them when a run begins (Binance USD-M, November 2025). */
const STEPS: Readonly<Record<string, readonly [tick: string, lot: string]>> = {
  BTC: ['0.1', '0.001'],
  ETH: ['0.01', '0.001'],
  BNB: ['0.01', '0.01'],
  SOL: ['0.01', '0.1'],
  LTC: ['0.01', '0.1'],
  XRP: ['0.0001', '0.1'],
  ADA: ['0.0001', '1'],
  DOGE: ['0.00001', '1'],
}
const OTHER_STEPS = ['0.0001', '0.1'] as const

const INSTRUMENT: Readonly<Record<InitVenue, (coin: string) => string>> = {
  binance: (coin) => `binance.usdm.${coin}USDT`,
  bybit: (coin) => `bybit.linear.${coin}USDT`,
  okx: (coin) => `okx.swap.${coin}-USDT-SWAP`,
}

/** Ports of `quantbot sim-exchange --venue all --port 8801`, which takes venues by their names. */
const SIMULATOR = { binance: 8801, bybit: 8802, deribit: 8803, okx: 8804 } as const

export function initTexts(answers: InitAnswers): InitTexts {
  return { config: `${configLines(answers).join('\n')}\n`, env: `${envLines(answers).join('\n')}\n` }
}

function configLines(answers: InitAnswers): string[] {
  const { mode, name, capital } = answers
  return [
    `# Configuration of quantbot, made by quantbot init. Only what differs from the defaults needs a line here;`,
    '# every key: docs/reference/configuration.md, or quantbot config show. Completion in an editor:',
    '#   quantbot config schema > quantbot.schema.json',
    '# yaml-language-server: $schema=./quantbot.schema.json',
    '#',
    '#   quantbot config check quantbot.yaml     what is wrong with it, by line',
    '#   quantbot doctor --config quantbot.yaml  whether the machine and everything outside fit it',
    `#   quantbot run --config quantbot.yaml --mode ${mode} --run ${name}`,
    '',
    `name: ${JSON.stringify(name)}`,
    '# Starting capital in quote, a decimal as text.',
    `capital: ${JSON.stringify(capital)}`,
    '',
    ...(mode === 'sim' ? simLines(answers) : paperLines(answers)),
    '',
    ...riskLines(),
    ...(answers.store === 'none' ? [] : ['', ...storeLines(answers)]),
    ...(answers.notify.length === 0 ? [] : ['', ...notifyLines(answers)]),
    '',
    '# The page and the metrics, on loopback; quantbot run prints the URL with its token.',
    'web:',
    '  port: 7420',
    '',
    "# The process's own log: trace, debug, info, warn, error. quantbot log-level changes it while it runs.",
    'logging:',
    '  level: info',
  ]
}

function simLines({ symbols, interval }: InitAnswers): string[] {
  return [
    '# The built-in market: offline, and the same for the same seed.',
    'seed: 1',
    'sim:',
    `  symbols: ${Math.max(2, symbols.length)}`,
    `  interval: ${interval}`,
  ]
}

function paperLines({ venues, symbols, interval, simulator }: InitAnswers): string[] {
  return [
    '# Bars that are read and decided on. 1h is calm; 15m shows more.',
    `interval: ${interval}`,
    '',
    '# What is traded: venue.market.SYMBOL, the symbol as its venue writes it. Tick, lot and minimum notional are',
    '# replaced by what the venue says.',
    'universe:',
    ...venues.flatMap((venue) => symbols.map((coin) => `  - ${entryOf(venue, coin)}`)),
    '',
    ...(simulator ? simulatorLines(venues) : venueLines(venues)),
  ]
}

function entryOf(venue: InitVenue, coin: string): string {
  const [tick, lot] = STEPS[coin] ?? OTHER_STEPS
  return `{ instrument: ${INSTRUMENT[venue](coin)}, base: ${JSON.stringify(coin)}, tick: "${tick}", lot: "${lot}" }`
}

const simulatorLines = (venues: readonly InitVenue[]): string[] => [
  '# The simulated exchanges of  quantbot sim-exchange --venue all --port 8801 . Without this block: the venues themselves.',
  'venues:',
  ...venues.map((venue) => {
    const at = `127.0.0.1:${SIMULATOR[venue]}`
    return `  ${venue}: { rest: "http://${at}", ws: "ws://${at}" }`
  }),
]

const venueLines = (venues: readonly InitVenue[]): string[] => [
  '# Public data of the venues: no account and no key. network: testnet reads their test hosts. A key is only looked at by',
  '# quantbot doctor in this version; one that may withdraw is refused.',
  'venues:',
  ...venues.flatMap((venue) => [
    `  ${venue}:`,
    '    network: mainnet',
    `    # apiKey: env:QB_${venue.toUpperCase()}_KEY`,
    `    # apiSecret: env:QB_${venue.toUpperCase()}_SECRET`,
    ...(venue === 'okx' ? ['    # passphrase: env:QB_OKX_PASSPHRASE'] : []),
  ]),
]

const { risk } = configSchema.parse({})
const riskLines = (): string[] => [
  '# What clamps and refuses; these are the defaults, written out because they are yours to choose.',
  'risk:',
  '  # Exposure, sum of all positions and their balance, as fractions of the net asset value.',
  `  grossCap: ${risk.grossCap}`,
  `  netCap: ${risk.netCap}`,
  '  # Marked equity below its peak by this much halts trading and closes the book.',
  `  drawdownHalt: ${risk.drawdownHalt}`,
]

function storeLines({ store }: InitAnswers): string[] {
  if (store === 'duckdb') return ['# Tables for queries, in a file below var/.', 'stores:', '  aggregate: duckdb']
  return [
    '# Tables for queries in PostgreSQL, with TimescaleDB or without; quantbot makes the schema.',
    'stores:',
    '  aggregate: postgres',
    '  postgres: env:QB_POSTGRES_URL',
  ]
}

function notifyLines({ notify, mode, smtpHost, mailFrom, mailTo }: InitAnswers): string[] {
  const email = [
    '  email:',
    `    host: ${JSON.stringify(smtpHost)}`,
    '    port: 587',
    '    user: env:QB_SMTP_USER',
    '    password: env:QB_SMTP_PASSWORD',
    `    from: ${JSON.stringify(mailFrom)}`,
    `    to: [${JSON.stringify(mailTo)}]`,
    '    minSeverity: warning',
  ]
  const slack = ['  slack:', '    webhook: env:QB_SLACK_WEBHOOK', '    minSeverity: info']
  return [
    '# Who is told of what. quantbot notify test sends one of each.',
    'notifications:',
    `  modes: [${mode === 'sim' ? 'sim, ' : ''}paper, live]`,
    ...(notify.includes('email') ? email : []),
    ...(notify.includes('slack') ? slack : []),
  ]
}

function envLines({ notify, store, mode, venues, simulator }: InitAnswers): string[] {
  const lines = [
    '# Values that quantbot.yaml asks for by env:NAME. Copy this file to .env beside it and let nobody else read it:',
    '#   cp .env.example .env && chmod 600 .env',
    '# quantbot takes from .env only the names that the configuration asks for and that the environment lacks.',
  ]
  if (store === 'postgres') lines.push('', '# postgres://user:password@host:5432/database', 'QB_POSTGRES_URL=')
  if (notify.includes('email')) lines.push('', '# Login of the mail server.', 'QB_SMTP_USER=', 'QB_SMTP_PASSWORD=')
  if (notify.includes('slack'))
    lines.push('', '# Incoming webhook: https://hooks.slack.com/services/…', 'QB_SLACK_WEBHOOK=')
  if (mode === 'paper' && !simulator)
    for (const venue of venues) {
      const name = venue.toUpperCase()
      lines.push('', `# Key of ${venue}, without the right to withdraw; only where quantbot.yaml names it.`)
      lines.push(`# QB_${name}_KEY=`, `# QB_${name}_SECRET=`, ...(venue === 'okx' ? ['# QB_OKX_PASSPHRASE='] : []))
    }
  return lines
}

/** Lines that a `.gitignore` must have. */
export const IGNORED = ['.env', 'var/'] as const
