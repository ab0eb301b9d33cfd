// Not all: the result stays, and what is missing is named, with what cures it.
import { Button } from "./Button";
import { CopyButton } from "./CopyButton";
import { plural } from "./figures";
import { Mark } from "./Mark";

/** The statement in a sentence, when it ends in one: "…: GRANT pg_read_all_stats TO profiler_ro;" */
export function cureIn(sentence: string): string | null {
  return /\b((?:GRANT|CREATE EXTENSION|ALTER|SET)\b[^;]*;)/.exec(sentence)?.[1] ?? null;
}

export function Partial({ missing, onAgain }: { missing: readonly string[]; onAgain?: () => void }) {
  if (missing.length === 0) return null;
  return (
    <details className="note warning fold block">
      <summary>
        <span className="status"><Mark state="warning" /><b>Partial</b><span>{plural(missing.length, "thing")} could not be read</span></span>
        <span className="link" data-shut="Show which" data-open="Hide" />
      </summary>
      <ul className="stack mt-2 gap-2 pl-[18px]">
        {missing.map((sentence) => {
          const cure = cureIn(sentence);
          return <li key={sentence} className="between flex-wrap"><span className="break">{sentence}</span>{cure && <CopyButton text={cure} kind="line">Copy the statement</CopyButton>}</li>;
        })}
      </ul>
      {onAgain && <div className="mt-2"><Button icon="replay" onClick={onAgain}>Ask again</Button></div>}
    </details>
  );
}
