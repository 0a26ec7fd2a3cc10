/** Owns what the help of `quantbot parse` says of the topics that it reads. */
import type { PayloadParser } from '#data/connectors/adapter.port'
import { PARSERS } from '#data/connectors/adapters'

export const parseTopics = (): string =>
  `\nTopics:\n${Object.entries(PARSERS)
    .map(([venue, parser]) => topicsOf(venue, parser))
    .join('\n')}`

function topicsOf(venue: string, parser: PayloadParser): string {
  const rows = parser.topics.map(({ name, markets, what }) => `  ${name.padEnd(24)} ${what} (${markets.join(', ')})`)
  return [`${venue}:`, ...rows].join('\n')
}
