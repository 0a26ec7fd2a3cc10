/** Owns a choice of one among a few, all in sight. */

interface SwitchProps<T extends string> {
  readonly label: string
  readonly choices: readonly { readonly value: T; readonly text: string }[]
  readonly value: T
  readonly onChoose: (value: T) => void
}

export function Switch<T extends string>({ label, choices, value, onChoose }: SwitchProps<T>) {
  return (
    <fieldset class="switch" aria-label={label}>
      {choices.map((choice) => (
        <button
          key={choice.value}
          type="button"
          aria-pressed={choice.value === value}
          onClick={() => onChoose(choice.value)}
        >
          {choice.text}
        </button>
      ))}
    </fieldset>
  )
}
