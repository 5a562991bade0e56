export interface ChoiceProps<T extends string> {
  label: string
  value: T
  choices: readonly { value: T; label: string }[]
  onChoose(value: T): void
}

/** One of a few, all of them in sight. */
export function Choice<T extends string>({ label, value, choices, onChoose }: ChoiceProps<T>) {
  return (
    <fieldset className="flex w-fit max-w-full flex-wrap rounded-xl border border-line bg-surface p-0.75">
      <legend className="sr-only">{label}</legend>
      {choices.map((choice) => (
        <button
          key={choice.value}
          type="button"
          aria-pressed={choice.value === value}
          onClick={() => onChoose(choice.value)}
          className="h-8 rounded-lg px-3 text-[0.8125rem] font-medium text-soft transition-colors hover:text-ink aria-pressed:bg-accent aria-pressed:text-on-accent touch:h-11"
        >
          {choice.label}
        </button>
      ))}
    </fieldset>
  )
}
