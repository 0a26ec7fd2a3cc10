/** Owns the hand on the brake: halt, resume, flatten, each with a reason and a confirmation. Says what the server says, never more. */

export function Controls() {
  return null
}
