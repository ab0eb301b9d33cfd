// One property of a store: a choice where the kind lists its values, a password field where it is secret, else a text.
import type { KindParam } from "@assay/client";
import { Choice } from "../../kit/Choice";
import { Field } from "../../kit/Field";
import type { Value } from "./draft";

interface Props {
  param: KindParam;
  value: Value;
  wrong: string | null;
  onChange: (value: Value) => void;
}

/** What the field says under itself: what it is for, and its default. */
export function hintOf({ description, defaultValue, secret }: KindParam): string {
  const standard = defaultValue !== "" && !secret ? `Default: ${defaultValue}.` : "";
  return [description, standard].filter(Boolean).join(" ");
}

export function ParamField({ param, value, wrong, onChange }: Props) {
  const hint = hintOf(param);
  const said = { label: param.key, wrong, ...(hint ? { hint } : {}) };
  if (param.secret || value.kept) return <SecretField {...said} value={value} onChange={onChange} />;
  if (param.enum.length > 0) {
    const words = param.enum.includes(value.text) || value.text === "" ? param.enum : [value.text, ...param.enum];
    return (
      <Choice {...said} value={value.text} onChange={(event) => onChange({ text: event.target.value, kept: false })}>
        <option value="">not set</option>
        {words.map((word) => <option key={word} value={word}>{word}</option>)}
      </Choice>
    );
  }
  return <Field {...said} autoComplete="off" spellCheck={false} value={value.text} placeholder={param.defaultValue} onChange={(event) => onChange({ text: event.target.value, kept: false })} />;
}

interface SecretProps {
  label: string;
  hint?: string;
  wrong: string | null;
  value: Value;
  onChange: (value: Value) => void;
}

/** Never filled with what is kept; left empty, that stays. */
export function SecretField({ label, hint, wrong, value, onChange }: SecretProps) {
  const kept = value.kept && value.text === "";
  return (
    <div className="secret">
      <Field
        label={label} type="password" autoComplete="new-password" spellCheck={false} wrong={wrong} value={value.text}
        placeholder={value.kept ? "kept; type to replace it" : ""} hint={[hint, "Never shown again once it is saved."].filter(Boolean).join(" ")}
        onChange={(event) => onChange({ text: event.target.value, kept: value.kept })}
      />
      {kept && <button type="button" className="link small" onClick={() => onChange({ text: "", kept: false })}>Forget the kept {label}</button>}
    </div>
  );
}
