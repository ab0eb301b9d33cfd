// A labelled choice of one among a few words, with its hint, and what is wrong with it beside it.
import { useId, type SelectHTMLAttributes } from "react";
import { Mark } from "./Mark";

interface Props extends SelectHTMLAttributes<HTMLSelectElement> {
  label: string;
  hint?: string;
  wrong?: string | null;
}

export function Choice({ label, hint, wrong, children, ...rest }: Props) {
  const id = useId();
  const about = [wrong ? `${id}-wrong` : "", hint ? `${id}-hint` : ""].filter(Boolean).join(" ");
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select id={id} className="input" aria-invalid={wrong ? true : undefined} aria-describedby={about || undefined} {...rest}>{children}</select>
      {wrong && <span className="wrong" id={`${id}-wrong`}><Mark state="critical" />{wrong}</span>}
      {hint && <span className="hint" id={`${id}-hint`}>{hint}</span>}
    </div>
  );
}
