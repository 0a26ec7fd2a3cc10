/** Owns the parameters of the API and the bodies of what it is told: checked, bounded, nothing unknown. Pure. */
import { z } from 'zod'
import { QuantbotError } from '#core/errors'
import { INTERVALS } from '#core/time'

const whole = z
  .string()
  .regex(/^\d{1,15}$/, 'a whole number')
  .transform(Number)
const text = (max: number) => z.string().min(1).max(max)
const name = text(200)
/** Bounds of one answer (ours). */
const POINTS_MAX = 20_000
const EVENTS_MAX = 1_000
const TYPES_MAX = 40

const span = { until: whole.optional(), from: whole.optional(), to: whole.optional() }

export const QUERIES = {
  none: z.strictObject({}),
  state: z.strictObject({ seq: whole.optional() }),
  series: z.strictObject({ name, ...span, points: whole.pipe(z.number().min(2).max(POINTS_MAX)).optional() }),
  bars: z.strictObject({ instrument: name, interval: z.enum(INTERVALS).optional(), ...span }),
  marks: z.strictObject({ instrument: name, after: whole.optional(), until: whole.optional() }),
  events: z.strictObject({
    before: whole.optional(),
    after: whole.optional(),
    types: text(2_000)
      .transform((list) => list.split(',').filter((type) => type !== ''))
      .pipe(z.array(z.string().regex(/^[A-Za-z]{1,60}$/)).max(TYPES_MAX))
      .optional(),
    by: text(100).optional(),
    text: text(200).optional(),
    limit: whole.pipe(z.number().min(1).max(EVENTS_MAX)).optional(),
  }),
  explain: z.strictObject({ target: name }),
} as const

export const sessionBody = z.strictObject({ token: z.string().regex(/^[0-9a-f]{32}$/) })

const reason = z.string().trim().min(1).max(500)

export const commandBody = z.discriminatedUnion('do', [
  z.strictObject({ do: z.enum(['halt', 'resume', 'flatten']), reason }),
  z.strictObject({ do: z.literal('restart'), agent: z.string().regex(/^[a-z0-9/_-]{1,100}$/), reason }),
])

type WithoutAbsent<T> = { [K in keyof T]: Exclude<T[K], undefined> }

/** USAGE names the parameter; what was said is not repeated. Members that are absent are no members. */
export function checked<T extends z.ZodType>(schema: T, given: unknown): WithoutAbsent<z.output<T>> {
  const { success, data, error } = schema.safeParse(given)
  if (success) return data as WithoutAbsent<z.output<T>> // zod leaves out what was not given
  const issue = error.issues[0]
  const where = issue?.code === 'unrecognized_keys' ? 'unknown parameter' : (issue?.path.join('.') ?? '')
  throw new QuantbotError('USAGE', `${where}: ${issue?.code === 'unrecognized_keys' ? '' : issue?.message}`.trim())
}
