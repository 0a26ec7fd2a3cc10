/** Owns tables: figures right, grouped where asked, a card a row where the screen is narrow. */
import type { ComponentChildren } from 'preact'

export interface Column<R> {
  readonly name: string
  /** Said once, in the head. */
  readonly unit?: string
  readonly hint?: string
  readonly isNumber?: boolean
  readonly cell: (row: R) => ComponentChildren
  /** In the line of a group. */
  readonly total?: (rows: readonly R[]) => ComponentChildren
}

interface TableProps<R> {
  /** What it is about, for who hears it. */
  readonly label: string
  readonly columns: readonly Column<R>[]
  readonly rows: readonly R[]
  readonly rowKey: (row: R) => string
  /** Absent: one list. */
  readonly groupOf?: ((row: R) => string) | undefined
  readonly rowClass?: (row: R) => string
}

export function Table<R>({ label, columns, rows, rowKey, groupOf, rowClass }: TableProps<R>) {
  const groups = groupOf === undefined ? [['', rows] as const] : [...grouped(rows, groupOf)]
  return (
    <div class="scroll">
      <table class="cards" aria-label={label}>
        <thead>
          <tr>
            {columns.map(({ name, unit, hint, isNumber }) => (
              <th key={name} scope="col" class={isNumber === true ? 'n' : ''} title={hint}>
                {name}
                {unit === undefined ? null : <span class="faint"> {unit}</span>}
              </th>
            ))}
          </tr>
        </thead>
        {groups.map(([group, members]) => (
          <tbody key={group}>
            {groupOf === undefined ? null : <Group name={group} columns={columns} rows={members} />}
            {members.map((row) => (
              <tr key={rowKey(row)} class={rowClass?.(row) ?? ''}>
                {columns.map(({ name, isNumber, cell }) => (
                  <td key={name} class={isNumber === true ? 'n' : ''} data-name={name}>
                    {cell(row)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        ))}
      </table>
    </div>
  )
}

function Group<R>({ name, columns, rows }: { name: string; columns: readonly Column<R>[]; rows: readonly R[] }) {
  const [, ...others] = columns
  return (
    <tr class="group">
      <th scope="rowgroup">
        {name} <span class="faint">{rows.length}</span>
      </th>
      {others.map((column) => (
        <td key={column.name} class={column.isNumber === true ? 'n' : ''} data-name={column.name}>
          {column.total?.(rows)}
        </td>
      ))}
    </tr>
  )
}

/** In order of the first member. */
function grouped<R>(rows: readonly R[], groupOf: (row: R) => string): Map<string, R[]> {
  const groups = new Map<string, R[]>()
  for (const row of rows) {
    const group = groupOf(row)
    const members = groups.get(group)
    if (members === undefined) groups.set(group, [row])
    else members.push(row)
  }
  return groups
}
