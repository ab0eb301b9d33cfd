// A statement as the server laid it out: spans with tones, escaped, never parsed here.
import type { Span, SqlText } from "@assay/client";

/** The spans, for use inside a line of text. */
export function SqlSpans({ spans }: { spans: readonly Span[] }) {
  return (
    <>
      {spans.map((span, at) => (span.tone === "plain" ? span.text : <span key={at} className={`tone-${span.tone}`}>{span.text}</span>))}
    </>
  );
}

/** A block of SQL; scrolls sideways, and can be reached by keyboard to do so. */
export function Sql({ sql, framed = false, label }: { sql: SqlText | string; framed?: boolean; label: string }) {
  return (
    <pre className={framed ? "sql code" : "sql"} tabIndex={0} role="group" aria-label={label}>
      {typeof sql === "string" ? sql : <SqlSpans spans={sql.spans} />}
    </pre>
  );
}
