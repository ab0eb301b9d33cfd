// A labelled input with its hint, and what is wrong with it beside it.
import { useId, type InputHTMLAttributes } from "react";
import { Mark } from "./Mark";

interface Props extends InputHTMLAttributes<HTMLInputElement> {
  label: string;
  hint?: string;
  wrong?: string | null;
  mono?: boolean;
}

export function Field({ label, hint, wrong, mono = false, className = "", ...rest }: Props) {
  const id = useId();
  const about = [wrong ? `${id}-wrong` : "", hint ? `${id}-hint` : ""].filter(Boolean).join(" ");
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input id={id} className={`input ${mono ? "mono" : ""} ${className}`} aria-invalid={wrong ? true : undefined} aria-describedby={about || undefined} {...rest} />
      {wrong && <span className="wrong" id={`${id}-wrong`}><Mark state="critical" />{wrong}</span>}
      {hint && <span className="hint" id={`${id}-hint`}>{hint}</span>}
    </div>
  );
}
