// A few choices in one row, one of them taken.
import type { ReactNode } from "react";

interface Props<Key extends string> {
  label: string;
  choices: { key: Key; word: ReactNode }[];
  chosen: Key;
  onChoose: (key: Key) => void;
}

export function Segments<Key extends string>({ label, choices, chosen, onChoose }: Props<Key>) {
  const keys = (event: React.KeyboardEvent) => {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (by === 0) return;
    event.preventDefault();
    const at = choices.findIndex((choice) => choice.key === chosen);
    const next = choices[(at + by + choices.length) % choices.length];
    if (!next) return;
    onChoose(next.key);
    const row = event.currentTarget as HTMLElement;
    requestAnimationFrame(() => row.querySelector<HTMLElement>("[aria-checked='true']")?.focus());
  };
  return (
    <div className="seg" role="radiogroup" aria-label={label} onKeyDown={keys} tabIndex={-1}>
      {choices.map((choice) => (
        <button key={choice.key} type="button" role="radio" aria-checked={choice.key === chosen} tabIndex={choice.key === chosen ? 0 : -1} onClick={() => onChoose(choice.key)}>
          {choice.word}
        </button>
      ))}
    </div>
  );
}
