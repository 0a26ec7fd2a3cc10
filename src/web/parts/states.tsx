/** Owns what stands where there is nothing to show yet, nothing at all, or no answer. */
import type { ApiError } from '../api.js'

export function Loading({ what }: { readonly what: string }) {
  return (
    <p class="empty" role="status">
      {what} …
    </p>
  )
}

export function Empty({ children }: { readonly children: preact.ComponentChildren }) {
  return <p class="empty">{children}</p>
}

export function Failed({ problem }: { readonly problem: ApiError }) {
  return (
    <p class="empty bad" role="alert">
      <code>{problem.code}</code> {problem.message}
    </p>
  )
}
