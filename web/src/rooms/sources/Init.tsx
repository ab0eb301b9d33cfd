// The least-privilege accounts and extensions, as statements to read before anyone runs them.
import type { InitScript } from "@assay/client";
import { AssayError } from "@assay/client";
import { useState } from "react";
import { Button } from "../../kit/Button";
import { Card } from "../../kit/Card";
import { saveFile } from "../../kit/copy";
import { CopyButton } from "../../kit/CopyButton";
import { Failed } from "../../kit/Failed";
import { Field } from "../../kit/Field";
import { plural } from "../../kit/figures";
import { Icon } from "../../kit/Icon";
import { PageHead } from "../../kit/PageHead";
import { Sql } from "../../kit/Sql";
import { assay } from "../../shell/client";
import { useTitle } from "../../shell/crumb";
import { Link } from "../../shell/Link";

/** The statements as a file that psql can run. */
export function asScript(statements: readonly string[]): string {
  return statements.map((one) => (/;\s*$/.test(one) ? one : `${one.trimEnd()};`)).join("\n\n");
}

export default function Init() {
  useTitle("Accounts and extensions");
  const [database, setDatabase] = useState("postgres");
  const [schemas, setSchemas] = useState("public");
  const [script, setScript] = useState<InitScript | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const field = error instanceof AssayError ? error.field : null;
  const write = async (event: React.FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try { setScript(await assay.post("/api/v1/sources:init", { body: { database: database.trim(), schemas: schemas.split(",").map((one) => one.trim()).filter(Boolean) } })); }
    catch (wrong) { setError(wrong); }
    setBusy(false);
  };
  const text = script ? asScript(script.statements) : "";
  return (
    <div className="narrow-page">
      <PageHead title="Accounts and extensions" facts={<span>What an administrator runs once, so that Assay can read and nothing more</span>} />
      <div className="stack">
        <section className="card" aria-label="For which database">
          <form className="stack p-4" onSubmit={(event) => void write(event)}>
            <Field label="Database" mono value={database} autoComplete="off" wrong={field === "database" && error instanceof AssayError ? error.message : null} onChange={(event) => setDatabase(event.target.value)} />
            <Field label="Schemas" mono value={schemas} autoComplete="off" wrong={field === "schemas" && error instanceof AssayError ? error.message : null} hint="Separated by commas." onChange={(event) => setSchemas(event.target.value)} />
            {error !== null && field !== "database" && field !== "schemas" && <Failed error={error} what="Can't write the statements" compact />}
            <div className="row"><Button kind="primary" type="submit" busy={busy} disabled={busy}>Write the statements</Button></div>
          </form>
        </section>
        {script && (
          <Card title={plural(script.statements.length, "statement")} end={<><CopyButton text={text} /><Button kind="quiet" icon="download" onClick={() => saveFile(`assay-init-${database}.sql`, text + "\n", "application/sql")}>Download .sql</Button></>}>
            <div className="body stack gap-3">
              <div className="tall"><Sql sql={text} framed label="Statements" /></div>
              <p className="note"><Icon name="lock" /><span>Nothing was run. Read them, run them as an administrator, then connect with <span className="mono small">{script.dsn_hint}</span>. To have them run once with credentials that are not stored: <span className="mono small">assay init --apply</span>.</span></p>
              <div className="row"><Link className="btn" to="/sources/connect">Connect a database</Link></div>
            </div>
          </Card>
        )}
      </div>
    </div>
  );
}
