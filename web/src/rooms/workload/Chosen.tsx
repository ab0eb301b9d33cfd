// The indexes of the curve, in its order: size, what each takes off, whom it helps, what it costs writes.
import type { AdviceStep, IndexAdvice, Recommendation } from "@assay/client";
import { Card } from "../../kit/Card";
import { bytes, percentNumber, signed } from "../../kit/figures";
import { Hallmark } from "../../kit/Hallmark";
import { Table, type Column } from "../../kit/Table";
import { Unknown } from "../../kit/Unknown";

interface Row {
  key: string;
  step: AdviceStep;
  size: number;
  points: number;
  rec: Recommendation | undefined;
}

function rowsOf(advice: IndexAdvice, byId: ReadonlyMap<string, Recommendation>): Row[] {
  return advice.steps.map((step, at) => {
    const before = advice.steps[at - 1];
    const rec = byId.get(step.recommendation_id ?? "");
    return { key: `${at}`, step, rec, size: rec?.bytes ?? step.bytes - (before?.bytes ?? 0), points: (step.relative_cost - (before?.relative_cost ?? 1)) * 100 };
  });
}

function name(row: Row): string {
  const ddl = row.rec?.ddl;
  const on = ddl && /\bON\s+(?:ONLY\s+)?([\s\S]+?);?\s*$/i.exec(ddl)?.[1];
  return (on ?? row.step.title.replace(/^Create an? .*?index on /i, "")).replaceAll(/\s+/g, " ").replace(/ USING btree/i, "").replace(/^public\./, "");
}

const COLUMNS: Column<Row>[] = [
  { key: "index", head: "Index", cell: (row) => <span className="mono small clip block" title={row.step.title}>{name(row)}</span> },
  { key: "size", head: "Size", width: "col-80", num: true, cell: (row) => bytes(row.size) },
  { key: "points", head: "Points", width: "col-80", num: true, cell: (row) => <b className={row.step.chosen ? "strong text-accent" : "font-normal"}>{percentNumber(row.points)}</b> },
  { key: "helps", head: "Helps", width: "col-76", hide: "hide-n", num: true, cell: (row) => row.rec?.helps.length ?? "" },
  { key: "writes", head: "Writes", width: "col-80", hide: "hide-n", num: true, cell: (row) => (row.rec?.write_overhead_pct == null ? "" : signed(row.rec.write_overhead_pct)) },
  { key: "evidence", head: "Evidence", width: "col-112", cell: (row) => (row.step.chosen && row.rec ? <Hallmark verdict={row.rec.verdict} evidence={row.rec.evidence} /> : <span className="small">{row.points > -0.05 ? "gains nothing" : "over budget"}</span>) },
];

export function Chosen({ advice, byId }: { advice: IndexAdvice; byId: ReadonlyMap<string, Recommendation> }) {
  const rows = rowsOf(advice, byId);
  if (rows.length === 0) {
    return <Card title="Chosen indexes"><div className="body"><p className="t2">No index makes this workload cheaper. {advice.rejected} candidates were costed and rejected.</p></div></Card>;
  }
  return (
    <Card title="Chosen indexes" end="in the order of the curve">
      <Table label="Chosen indexes" columns={COLUMNS} rows={rows} rowKey={(row) => row.key} compact inner quiet={(row) => !row.step.chosen} />
      {rows.map((row) => row.rec?.verdict === "estimate" && <Unknown key={row.key} missing={row.rec.missing} about={<span className="mono small">{name(row)}</span>} />)}
    </Card>
  );
}
