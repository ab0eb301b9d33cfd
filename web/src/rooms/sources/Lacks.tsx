// What an account lacks: what does not work until then, what works all the same, and the statement to copy.
import type { SourceCheck } from "@assay/client";
import { Age } from "../../kit/Age";
import { Card } from "../../kit/Card";
import { CopyButton } from "../../kit/CopyButton";
import { brief, plural } from "../../kit/figures";
import { Mark } from "../../kit/Mark";
import { Sql } from "../../kit/Sql";
import { StatusMark } from "../../kit/StatusMark";
import { SOURCE_MARK, SOURCE_WORD } from "../../kit/words";

export function Lacks({ check }: { check: SourceCheck }) {
  const extensions = Object.entries(check.extensions);
  return (
    <Card title="Test" beside={<StatusMark state={SOURCE_MARK[check.state]}>{SOURCE_WORD[check.state]}</StatusMark>} end={<>{brief(check.took_ms)}, <Age at={check.checked_at} /></>}>
      <div className="body">
        {check.state_reason && <p className={`note mb-3 ${check.state === "offline" ? "critical" : "warning"}`}><Mark state={SOURCE_MARK[check.state]} /><span>{check.state_reason}</span></p>}
        <dl className="facts-list">
          {check.server_version && <><dt>Server</dt><dd>PostgreSQL {check.server_version}</dd></>}
          {check.account && <><dt>Account</dt><dd><span className="mono small">{check.account}</span>{check.superuser && <span className="status ml-2 text-warning"><Mark state="warning" />a superuser; a role that only reads is enough</span>}</dd></>}
          <dt>Extensions</dt><dd>{extensions.length > 0 ? extensions.map(([name, version]) => `${name} ${version}`).join(", ") : "none that help"}</dd>
          <dt>Lacks</dt><dd>{check.lacks.length === 0 ? <StatusMark state="ok">nothing</StatusMark> : plural(check.lacks.length, "thing")}</dd>
        </dl>
      </div>
      {check.lacks.length > 0 && (
        <ul className="lacks border-t border-line" aria-label="What is missing">
          {check.lacks.map((lack) => (
            <li key={lack.what}>
              <div className="between flex-wrap"><StatusMark state="warning"><b className="strong">{lack.what}</b></StatusMark><CopyButton kind="line" text={lack.cure} name={`Copy the statement for ${lack.what}`} /></div>
              <p className="t2"><b className="strong text-text">Without it:</b> {lack.without} <b className="strong text-text">Still works:</b> {lack.still}</p>
              <Sql sql={lack.cure} framed label={`Statement that adds ${lack.what}`} />
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
