// Name and address of a database, with what is wrong beside the field that is wrong.
import { AssayError } from "@assay/client";
import { useState, type ReactNode } from "react";
import { Button } from "../../kit/Button";
import { Failed } from "../../kit/Failed";
import { Field } from "../../kit/Field";

interface Props {
  name?: string;
  act: string;
  /** Left empty, the kept address stays. */
  dsnOptional?: boolean;
  onSubmit: (name: string, dsn: string) => Promise<void>;
  more?: ReactNode;
}

/** What the page itself can see before asking. */
export function wrongWith(name: string, dsn: string, dsnOptional: boolean): { name?: string; dsn?: string } {
  const wrong: { name?: string; dsn?: string } = {};
  if (name.trim() === "") wrong.name = "A name is needed; “shop-prod” for example.";
  else if (name.length > 80) wrong.name = "At most 80 letters.";
  if (dsn.trim() === "" && !dsnOptional) wrong.dsn = "An address is needed: postgresql://user:password@host:5432/database.";
  else if (dsn.trim() !== "" && !/^postgres(ql)?:\/\//.test(dsn.trim()) && !/\w+\s*=/.test(dsn)) wrong.dsn = "It begins with postgresql:// or is written as host=… dbname=… user=….";
  return wrong;
}

export function SourceForm({ name: first = "", act, dsnOptional = false, onSubmit, more }: Props) {
  const [name, setName] = useState(first);
  const [dsn, setDsn] = useState("");
  const [seen, setSeen] = useState(false);
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<{ name?: string; dsn?: string }>({});
  const [error, setError] = useState<unknown>(null);
  const submit = async (event: React.FormEvent) => {
    event.preventDefault();
    const found = wrongWith(name, dsn, dsnOptional);
    setWrong(found);
    setError(null);
    if (found.name || found.dsn) return;
    setBusy(true);
    try { await onSubmit(name.trim(), dsn.trim()); } catch (problem) {
      const field = problem instanceof AssayError ? problem.field : null;
      if (problem instanceof AssayError && (field === "name" || field === "dsn")) setWrong({ [field]: problem.message });
      else setError(problem);
    }
    setBusy(false);
  };
  return (
    <form className="stack p-4" onSubmit={(event) => void submit(event)} noValidate>
      <Field label="Name" value={name} wrong={wrong.name ?? null} autoComplete="off" hint="How people call it: in the URL, on the command line, in reports." onChange={(event) => setName(event.target.value)} />
      <Field
        label={dsnOptional ? "New address, when it changes" : "Address"} mono type={seen ? "text" : "password"} autoComplete="off" spellCheck={false} value={dsn} wrong={wrong.dsn ?? null}
        placeholder="postgresql://profiler_ro:…@host:5432/database?sslmode=verify-full" onChange={(event) => setDsn(event.target.value)}
        hint="Sealed with AES-256-GCM at once; never shown, returned or logged. Use a role that only reads."
      />
      <label className="row small t2"><input type="checkbox" checked={seen} onChange={(event) => setSeen(event.target.checked)} /> Show what I type</label>
      {error !== null && <Failed error={error} compact />}
      <div className="row wrap"><Button kind="primary" type="submit" busy={busy} disabled={busy}>{act}</Button>{more}</div>
    </form>
  );
}
