// What is wrong with the file of stores: where, what, and what would be right.
import type { FileProblem } from "@assay/client";
import { Card } from "../../kit/Card";
import { CopyButton } from "../../kit/CopyButton";
import { plural } from "../../kit/figures";
import { StatusMark } from "../../kit/StatusMark";

/** "stores[2].url, line 12:5". */
export function placeOf({ path, line, column }: Pick<FileProblem, "path" | "line" | "column">): string {
  const where = path || "the whole file";
  return line > 0 ? `${where}, line ${line}:${column}` : where;
}

/** "did you mean model?" as a sentence of its own. */
export function sentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1) + (/[.?!]$/.test(words) ? "" : ".");
}

export function Problems({ problems, file }: { problems: readonly FileProblem[]; file: string }) {
  if (problems.length === 0) return null;
  const errors = problems.filter((one) => one.severity === "error").length;
  return (
    <Card title="Problems of the file" beside={<StatusMark state={errors > 0 ? "critical" : "warning"}>{errors > 0 ? plural(errors, "error") : plural(problems.length, "warning")}</StatusMark>} end={<CopyButton text={file} name="Copy the path of the file">Copy the path</CopyButton>}>
      <ul className="lacks" aria-label="Problems of the file">
        {problems.map((one, at) => (
          <li key={at}>
            <div className="row wrap"><StatusMark state={one.severity === "error" ? "critical" : "warning"}>{one.severity}</StatusMark><span className="mono small break">{placeOf(one)}</span></div>
            <p className="break"><b className="strong">{one.path.split(".").pop() || "The file"}</b> {one.says}.{one.cure && <span className="t2"> {sentence(one.cure)}</span>}</p>
          </li>
        ))}
      </ul>
    </Card>
  );
}
