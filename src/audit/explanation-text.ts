/** Owns an explanation as indented text. Every sentence carries the seq of its event, so that one can go on from any of them. */
import type { Explanation } from './explain.js'
import type { ExplainNode } from './tree.js'

/** How parts of the text are made to stand out; the identity where there are no colours. */
export interface Paint {
  readonly strong: (text: string) => string
  readonly dim: (text: string) => string
}

export const PLAIN: Paint = { strong: (text) => text, dim: (text) => text }

/** The whole explanation, without a newline at its end. */
export function explanationText(explanation: Explanation, paint: Paint = PLAIN): string {
  const { summary, run, cause, effects } = explanation
  const lines = [paint.strong(summary), paint.dim(`run ${run}; [n] is a seq of its log; times are UTC`), '']
  for (const node of cause) lines.push(...nodeLines(node, '', '', paint))
  if (effects.length > 0) {
    lines.push('', paint.strong('what came of it'))
    for (const node of effects) lines.push(...nodeLines(node, '', '', paint))
  }
  return lines.join('\n')
}

function nodeLines(node: ExplainNode, indent: string, lead: string, paint: Paint): string[] {
  const seq = node.type === null ? '' : `${paint.dim(`[${node.seq}]`)} `
  const says = node.told ? paint.dim(`${node.type}, see above`) : node.says
  const lines = [`${indent}${paint.dim(lead)}${seq}${says}`]
  const inner = `${indent}  `
  for (const detail of node.details) lines.push(`${inner}${paint.dim('·')} ${detail}`)
  for (const reason of node.because) lines.push(...nodeLines(reason, inner, 'because ', paint))
  return lines
}
