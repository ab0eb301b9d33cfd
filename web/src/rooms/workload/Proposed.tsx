// What a language model had to do with an advice: how much of it passed the checks, what it cost, why the rest did not.
import type { ModelsPart } from "@assay/client";
import { count, plural } from "../../kit/figures";

/** A few cents are still money: two digits of them are shown. */
function dollars(cost: number | null): string {
  if (cost === null) return "cost not known";
  return cost === 0 ? "no cost" : `$${cost.toFixed(cost < 0.1 ? 4 : 2)}`;
}

export function Proposed({ part }: { part: ModelsPart }) {
  const tokens = part.prompt_tokens + part.completion_tokens;
  const paid = part.model === null ? "" : ` ${plural(tokens, "token")}, ${dollars(part.cost_usd)}.`;
  return (
    <section aria-label="Language model">
      <p className="small">
        {part.silent === null
          ? <>Also proposed by <b>{part.model}</b>: {count(part.kept)} of {count(part.proposed)} passed the checks.{paid}</>
          : <>No language model took part: {part.silent}. This is the engine's own advice.{paid}</>}
      </p>
      {part.refused.length > 0 && (
        <details className="small">
          <summary>{plural(part.refused.length, "proposal")} refused</summary>
          <ul>{part.refused.map((one, at) => <li key={at}><span className="mono">{one.what}</span>: {one.reason}.</li>)}</ul>
        </details>
      )}
    </section>
  );
}
