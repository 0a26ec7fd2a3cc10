/** Owns the connection on which Bybit tells its maintenance. */
import type { SimContext, SimSession, SimSocket } from '../protocol.port.js'

export function createStatusSession(socket: SimSocket, context: SimContext): SimSession {
  let isSubscribed = false
  let wasClosed = false
  return {
    onMessage(text) {
      const isPing = text.includes('"ping"')
      if (!isPing && text.includes('"system.status"')) isSubscribed = text.includes('"subscribe"')
      const op = isPing ? 'ping' : isSubscribed ? 'subscribe' : 'unsubscribe'
      socket.send(JSON.stringify({ success: true, ret_msg: isPing ? 'pong' : '', conn_id: `sim-${socket.id}`, op }))
    },
    onPong() {},
    advance(_from, to) {
      const isClosed = context.isInMaintenance
      if (!isSubscribed || isClosed === wasClosed) return
      wasClosed = isClosed
      const data = [
        {
          id: `sim-${to}`,
          title: 'maintenance',
          state: isClosed ? 'ongoing' : 'completed',
          begin: String(to),
          end: '',
        },
      ]
      socket.send(JSON.stringify({ topic: 'system.status', ts: to, data }))
    },
  }
}
