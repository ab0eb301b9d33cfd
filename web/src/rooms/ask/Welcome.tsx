// Before the first question: what the assistant does, and questions that fit the tables of this database.
import type { Schema, Source } from "@assay/client";
import { Empty } from "../../kit/Empty";
import { Icon } from "../../kit/Icon";
import { useAnswer } from "../../shell/answers";
import { assay } from "../../shell/client";
import { Link } from "../../shell/Link";
import { ask, closeAssistant } from "./talk";

/** Questions about the tables that hold most, in words that the engine reads. */
export function examples(schema: Schema | undefined): string[] {
  const tables = (schema?.tables ?? []).filter((one) => one.rows > 0 && (one.kind === "table" || one.kind === "partitioned")).sort((a, b) => b.rows - a.rows);
  const said = (name: string) => name.replaceAll("_", " ");
  const counted = tables.slice(0, 3).map((one) => `how many ${said(one.name)} are there?`);
  const kinds = tables.flatMap((one) => one.columns.filter((column) => ["status", "country", "category", "type", "city"].includes(column.name)).slice(0, 1).map((column) => `how many ${said(one.name)} are there for each ${column.name}?`));
  return [...counted, ...kinds.slice(0, 2)];
}

export function Welcome({ source, onAsk }: { source: Source | null | undefined; onAsk: (question: string) => void }) {
  const { value } = useAnswer(source ? `schema:${source.id}:0` : null, (signal) => assay.get("/api/v1/sources/{id}/schema", { path: { id: source!.id }, signal }), { fresh: 120_000 });
  if (source === undefined) return null;
  if (source === null) {
    return (
      <Empty title="No database is connected" command="assay sources connect --name shop --dsn postgresql://…" acts={<Link className="btn primary" to="/sources/connect" data-first onClick={closeAssistant}>Connect a database</Link>}>
        Questions are answered from the rows of a connected database. Connect one, and ask it in words.
      </Empty>
    );
  }
  const known = examples(value);
  return (
    <div className="empty">
      <h3>Ask {source.name} in words</h3>
      <p>The answer is SQL that was bound to the live schema, planned by the database, and explained clause by clause. Cheap readings are tried, read-only, to choose among them; rows are shown only when you confirm.</p>
      {known.length > 0 && (
        <ul className="suggestions" aria-label="Example questions">
          {known.map((question) => <li key={question}><button type="button" onClick={() => { onAsk(""); ask(question, source); }}><span>{question}</span><Icon name="arrow-right" /></button></li>)}
        </ul>
      )}
    </div>
  );
}
