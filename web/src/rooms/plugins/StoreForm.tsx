// A store as a form: its plugin, where its server is, and the properties that the plugin asks for.
import { AssayError, type SaveStore, type StoreKind, type StoreLine } from "@assay/client";
import { useState, type ReactNode } from "react";
import { Button } from "../../kit/Button";
import { Choice } from "../../kit/Choice";
import { Failed } from "../../kit/Failed";
import { Field } from "../../kit/Field";
import { bodyOf, draftOf, fieldOf, fresh, paramsOf, wrongWith, type Draft } from "./draft";
import { ParamField, SecretField } from "./ParamField";

interface Props {
  kinds: readonly StoreKind[];
  /** Null: a new one. */
  store: StoreLine | null;
  act: string;
  onSave: (store: SaveStore) => Promise<void>;
  more?: ReactNode;
}

const OTHER = "\u0000";

export function StoreForm({ kinds, store, act, onSave, more }: Props) {
  const [draft, setDraft] = useState<Draft>(() => (store ? draftOf(store) : fresh(kinds[0])));
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const [error, setError] = useState<unknown>(null);
  const kind = kinds.find((one) => one.name === draft.kind) ?? (store?.kind?.name === draft.kind ? store.kind : undefined);
  const set = (part: Partial<Draft>) => setDraft((now) => ({ ...now, ...part }));
  const bad = (field: string) => wrong[field] ?? null;
  const text = (field: "name" | "address" | "description" | "username") => ({ value: draft[field], autoComplete: "off", onChange: (event: React.ChangeEvent<HTMLInputElement>) => set({ [field]: event.target.value }) });

  const save = async (event: React.FormEvent) => {
    event.preventDefault();
    const found = wrongWith(draft);
    setWrong(found);
    setError(null);
    if (Object.keys(found).length > 0) return;
    setBusy(true);
    try { await onSave(bodyOf(draft, kind, store)); } catch (problem) {
      const field = problem instanceof AssayError ? fieldOf(problem.field, draft) : null;
      if (field !== null && problem instanceof AssayError) setWrong({ [field]: problem.message });
      else setError(problem);
    }
    setBusy(false);
  };

  return (
    <form className="stack p-4" onSubmit={(event) => void save(event)} noValidate>
      {store === null && <Field label="Name" {...text("name")} wrong={bad("name")} hint="How the store is called: in questions, on the command line, in stores.yaml." />}
      {store === null && <KindChoice kinds={kinds} draft={draft} wrong={bad("kind.name")} onKind={(name) => setDraft((now) => ({ ...fresh(kinds.find((one) => one.name === name)), name: now.name, description: now.description, kind: name }))} />}
      <Field label="Description" {...text("description")} wrong={bad("description")} />
      <Field label="Address of the server" mono {...text("username")} value={draft.url.text} placeholder={draft.url.kept ? "kept; type to replace it" : "127.0.0.1:3306"} spellCheck={false} wrong={bad("url")} hint="As the plugin wants it; empty when it needs none." onChange={(event) => set({ url: { ...draft.url, text: event.target.value } })} />
      <Field label="User" {...text("username")} spellCheck={false} wrong={bad("username")} />
      <SecretField label="Password" value={draft.password} wrong={bad("password")} onChange={(password) => set({ password })} />
      {paramsOf(kind).map((param) => <ParamField key={param.key} param={param} value={draft.params[param.key] ?? { text: "", kept: false }} wrong={bad(`params.${param.key}`)} onChange={(value) => setDraft((now) => ({ ...now, params: { ...now.params, [param.key]: value } }))} />)}
      <Properties draft={draft} wrong={wrong} onChange={(list) => set({ more: list })} />
      <Field label="Where the plugin listens already" mono {...text("address")} spellCheck={false} placeholder="unix:///run/plugin.sock" wrong={bad("kind.url")} hint="Empty: Assay starts its program, and chooses." />
      <label className="row"><input type="checkbox" checked={draft.readOnly} onChange={(event) => set({ readOnly: event.target.checked })} /> Only read from it</label>
      <label className="row"><input type="checkbox" checked={draft.disabled} onChange={(event) => set({ disabled: event.target.checked })} /> Keep it, but don’t use it</label>
      {error !== null && <Failed error={error} compact />}
      <div className="row wrap"><Button kind="primary" type="submit" busy={busy} disabled={busy}>{act}</Button>{more}</div>
    </form>
  );
}

function KindChoice({ kinds, draft, wrong, onKind }: { kinds: readonly StoreKind[]; draft: Draft; wrong: string | null; onKind: (name: string) => void }) {
  const [other, setOther] = useState(kinds.length === 0);
  return (
    <>
      {kinds.length > 0 && (
        <Choice label="Plugin" value={other ? OTHER : draft.kind} onChange={(event) => { setOther(event.target.value === OTHER); onKind(event.target.value === OTHER ? "" : event.target.value); }}>
          {kinds.map((one) => <option key={one.name} value={one.name}>{one.name}</option>)}
          <option value={OTHER}>another, by name</option>
        </Choice>
      )}
      {other && <Field label="Name of the plugin" mono autoComplete="off" spellCheck={false} value={draft.kind} wrong={wrong} placeholder="atest-store-orm" hint="Of its program; one that is missing yet is started when it is there." onChange={(event) => onKind(event.target.value)} />}
    </>
  );
}

function Properties({ draft, wrong, onChange }: { draft: Draft; wrong: Record<string, string>; onChange: (list: Draft["more"]) => void }) {
  const put = (at: number, one: Draft["more"][number]) => onChange(draft.more.map((old, index) => (index === at ? one : old)));
  return (
    <fieldset className="properties">
      <legend className="label">Other properties</legend>
      {draft.more.map(({ key, value }, at) => (
        <div className="pair" key={at}>
          <Field label="Name" mono autoComplete="off" spellCheck={false} value={key} readOnly={value.kept} wrong={wrong[`more.${at}`] ?? null} onChange={(event) => put(at, { key: event.target.value, value })} />
          {value.kept || /key|secret|token|pass/i.test(key)
            ? <Field label="Value" type="password" autoComplete="new-password" placeholder={value.kept ? "kept; type to replace it" : ""} value={value.text} onChange={(event) => put(at, { key, value: { ...value, text: event.target.value } })} />
            : <Field label="Value" mono autoComplete="off" spellCheck={false} value={value.text} onChange={(event) => put(at, { key, value: { ...value, text: event.target.value } })} />}
          <Button kind="quiet" icon="close" name={`Remove ${key || "this property"}`} onClick={() => onChange(draft.more.filter((_, index) => index !== at))} />
        </div>
      ))}
      <div><Button onClick={() => onChange([...draft.more, { key: "", value: { text: "", kept: false } }])}>Add a property</Button></div>
    </fieldset>
  );
}
