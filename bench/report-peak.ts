/** Owns telling the peak memory of the process it is preloaded into (`--import report-peak.js?to=FILE`), at its end. */
import { writeFileSync } from 'node:fs'

const to = new URL(import.meta.url).searchParams.get('to')
process.on('exit', () => {
  // maxRSS is in KiB.
  if (to !== null) writeFileSync(to, String(process.resourceUsage().maxRSS * 1024))
})
