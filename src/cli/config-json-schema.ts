/** Owns the JSON Schema of quantbot.yaml, for editors. What zod checks beyond shapes (`refine`) is not in it. */
import { z } from 'zod'
import { configSchema } from '#core/config/schema'

interface JsonObject {
  readonly properties?: Readonly<Record<string, unknown>>
}

/** Draft 2020-12, of what may be written: keys with a default are optional. */
export function configSchemaJson(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' }) as JsonObject // an object's schema is one
  const signals = schema.properties?.signals as JsonObject & { readonly description?: string } // as above
  const { description, ...built } = signals
  // `signals: [{ module: … }]` adds to the built-in ones.
  const listed = { description, anyOf: [built, signals.properties?.external] }
  return {
    title: 'Configuration of quantbot',
    ...schema,
    properties: { ...schema.properties, signals: listed },
  }
}
