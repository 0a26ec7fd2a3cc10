/** Owns writing HTML so that no text becomes markup: names of instruments, runs and configurations are untrusted. Pure. */
import { escapeHtml } from '#core/escape-html'

declare const brand: unique symbol
/** Markup that was built by {@link html} or vouched for by {@link raw}. */
export interface Markup {
  readonly [brand]: true
  readonly text: string
}

/** Vouches for markup that this room wrote. */
export function raw(text: string): Markup {
  return { text } as Markup // the brand exists for the compiler alone
}

/** Template tag: everything put in is escaped, but for {@link Markup}; lists are joined. */
export function html(
  strings: TemplateStringsArray,
  ...values: readonly (Markup | readonly Markup[] | string | number)[]
): Markup {
  const parts = strings.map((text, i) => text + (i < values.length ? render(values[i]!) : ''))
  return raw(parts.join(''))
}

function render(value: Markup | readonly Markup[] | string | number): string {
  if (typeof value === 'string') return escapeHtml(value)
  if (typeof value === 'number') return String(value)
  if ('text' in value) return value.text
  return value.map(({ text }) => text).join('')
}

/** JSON that may stand within a script element: no `<` can end it. */
export function scriptJson(value: unknown): Markup {
  return raw(JSON.stringify(value).replaceAll('<', '\\u003c'))
}
