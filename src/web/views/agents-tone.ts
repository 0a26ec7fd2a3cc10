/** Owns what colour an agent's state has. Pure. */

/** Class of a dot; empty: neither good nor bad. */
export function toneOf(state: string): 'good' | 'warn' | 'bad' | '' {
  switch (state) {
    case 'running':
    case 'up':
      return 'good'
    case 'faulted':
    case 'failed':
    case 'down':
      return 'bad'
    case '':
    case 'stopped':
    case 'idle':
      return ''
    default:
      return 'warn'
  }
}
