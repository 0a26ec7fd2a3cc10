/** Owns the filters of the log: groups of types, one type, an agent, a text. Says what it filters by; asks nothing. */
import { useEffect, useState } from 'preact/hooks'
import { usePage } from '../hooks.js'
import { type Filter, GROUPS, NO_FILTER } from './log-pages.js'

interface FiltersProps {
  readonly filter: Filter
  readonly onChange: (filter: Filter) => void
}

/** A person types; the log is asked when the typing stops. */
const TYPING_MS = 350

export function LogFilters({ filter, onChange }: FiltersProps) {
  const agents = usePage((page) => page.facts?.agents)
  const [text, type] = useState(filter.text)
  useEffect(() => type(filter.text), [filter.text])
  useEffect(() => {
    if (text === filter.text) return undefined
    const timer = setTimeout(() => onChange({ ...filter, text }), TYPING_MS)
    return () => clearTimeout(timer)
  }, [text])
  const chosen = filter.types.join(',')
  const isFiltered = chosen !== '' || filter.by !== '' || filter.text !== ''
  const all = [...new Set(GROUPS.flatMap(({ types }) => types))].sort()
  const group = GROUPS.find(({ types }) => types.join(',') === chosen)
  return (
    <div class="log-filters">
      <span class="switch">
        <button type="button" aria-pressed={chosen === ''} onClick={() => onChange({ ...filter, types: [] })}>
          All
        </button>
        {GROUPS.map(({ name, types }) => (
          <button
            type="button"
            key={name}
            aria-pressed={group?.name === name}
            onClick={() => onChange({ ...filter, types: group?.name === name ? [] : types })}
            data-test={`group-${name}`}
          >
            {name}
          </button>
        ))}
      </span>
      <select
        aria-label="Type of event"
        value={group === undefined ? chosen : ''}
        onChange={({ currentTarget: { value } }) => onChange({ ...filter, types: value === '' ? [] : [value] })}
        data-test="type"
      >
        <option value="">any type</option>
        {filter.types.length === 1 && !all.includes(chosen) ? <option value={chosen}>{chosen}</option> : null}
        {all.map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </select>
      <select
        aria-label="Agent"
        value={filter.by}
        onChange={({ currentTarget: { value } }) => onChange({ ...filter, by: value })}
        data-test="by"
      >
        <option value="">any agent</option>
        {filter.by !== '' && agents?.some(({ name }) => name === filter.by) !== true ? (
          <option value={filter.by}>{filter.by}</option>
        ) : null}
        {agents?.map(({ name }) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <input
        type="search"
        aria-label="Text that the event's line holds: an instrument, a package, an order id"
        placeholder="instrument, package, order id, any text"
        value={text}
        onInput={(event) => type(event.currentTarget.value)}
        data-test="text"
      />
      {isFiltered ? (
        <button type="button" class="quiet" onClick={() => onChange(NO_FILTER)}>
          Clear
        </button>
      ) : null}
    </div>
  )
}
