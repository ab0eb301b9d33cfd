// The statement as the server laid it out, and values it is sampled with.
import type { QueryDetail, Sample } from "@assay/client";
import { Card } from "../../kit/Card";
import { CopyButton } from "../../kit/CopyButton";
import { plural } from "../../kit/figures";
import { Sql } from "../../kit/Sql";

export function Statement({ detail, samples }: { detail: QueryDetail; samples: readonly Sample[] }) {
  const first = samples.find((sample) => sample.values.length > 0);
  return (
    <Card title="Statement" end={<CopyButton text={detail.sql.text} name="Copy the statement" />}>
      <div className="body">
        <Sql sql={detail.sql} label="Statement" />
        {first && (
          <p className="sql-values small">
            <span className="t3">Sampled values</span>
            {first.values.map((value, at) => <span key={at} className="break"><span className="tone-parameter mono">${at + 1}</span> {value ?? <i className="t3">NULL</i>}</span>)}
            {samples.length > 1 && <a className="link" href="#samples" onClick={(event) => { event.preventDefault(); document.getElementById("samples")?.scrollIntoView({ block: "center" }); }}>{plural(samples.length, "sample")}</a>}
          </p>
        )}
        <dl className="facts-list small page-gap">
          <dt>Fingerprint</dt><dd className="mono">{detail.fingerprint}</dd>
          {detail.queryids.length > 0 && <><dt>{detail.queryids.length === 1 ? "queryid" : "queryids"}</dt><dd className="mono">{detail.queryids.join(", ")}</dd></>}
        </dl>
      </div>
    </Card>
  );
}
