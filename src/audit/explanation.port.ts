/** Owns the shape of an explanation, for those who print it and the page that shows it. Types alone. */

export interface ExplainNode {
  readonly seq: number
  /** Epoch ms; null, as are type and by, for an input that the log does not hold. */
  readonly ts: number | null
  readonly type: string | null
  readonly by: string | null
  /** One sentence. */
  readonly says: string
  /** Further sentences: steps of the pipeline, parts of the blend. */
  readonly details: readonly string[]
  readonly data: unknown
  /** True where the event was told before; details, data and reasons stand there. */
  readonly told: boolean
  readonly because: readonly ExplainNode[]
}

export interface Explanation {
  readonly run: string
  /** The order id, where it is about one: an order, or an event of its life. */
  readonly order: string | null
  /** The seq asked for; of the first event of an order. */
  readonly seq: number
  readonly summary: string
  /** What happened, each with what it stands on, down to the inputs. */
  readonly cause: readonly ExplainNode[]
  /** What came of it, in order. Empty for an order: its life is in `cause`. */
  readonly effects: readonly ExplainNode[]
}
