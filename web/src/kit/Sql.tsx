// A statement in its tones: as the server laid it out, or, where it comes as plain text, toned here; text is never HTML.
import type { Span, SqlText } from "@assay/client";
import { isSql, toned } from "./sql-tones";

/** The spans, for use inside a line of text. */
export function SqlSpans({ spans }: { spans: readonly Span[] }) {
  return (
    <>
      {spans.map((span, at) => (span.tone === "plain" ? span.text : <span key={at} className={`tone-${span.tone}`}>{span.text}</span>))}
    </>
  );
}

/** SQL or a command, inside a line of text. */
export function SqlInline({ text }: { text: string }) {
  return isSql(text) ? <SqlSpans spans={toned(text)} /> : <>{text}</>;
}

/** A block of SQL; scrolls sideways (or wraps between words), and can be reached by keyboard to do so. */
export function Sql({ sql, framed = false, wrapped = false, label }: { sql: SqlText | string; framed?: boolean; wrapped?: boolean; label: string }) {
  return (
    <pre className={`sql${framed ? " code" : ""}${wrapped ? " wrapped" : ""}`} tabIndex={0} role="group" aria-label={label}>
      {typeof sql === "string" ? <SqlInline text={sql} /> : <SqlSpans spans={sql.spans} />}
    </pre>
  );
}
