// The tables that the account may see: rows, sizes, indexes, when they were analysed.
import type { Table as Noun } from "@assay/client";
import { useMemo, useState } from "react";
import { Age } from "../../kit/Age";
import { Button } from "../../kit/Button";
import { Card } from "../../kit/Card";
import { bytes, count, plural } from "../../kit/figures";
import { Icon } from "../../kit/Icon";
import { Table, type Column } from "../../kit/Table";
import { useAnswer } from "../../shell/answers";
import { assay } from "../../shell/client";
import { Shown } from "../../shell/Shown";

const COLUMNS: Column<Noun>[] = [
  { key: "name", head: "Table", cell: (row) => <span className="mono small">{row.schema_name === "public" ? "" : `${row.schema_name}.`}{row.name}</span> },
  { key: "rows", head: "Rows", width: "col-112", num: true, cell: (row) => (row.rows < 0 ? <span className="t3">never analysed</span> : <>{count(row.rows)}</>) },
  { key: "bytes", head: "Size", width: "col-92", num: true, cell: (row) => bytes(row.bytes) },
  { key: "columns", head: "Columns", width: "col-92", num: true, hide: "hide-n", cell: (row) => count(row.columns.length) },
  { key: "indexes", head: "Indexes", width: "col-160", num: true, cell: (row) => <>{count(row.indexes.length)} <span className="t3">{row.indexes.length > 0 ? bytes(row.indexes.reduce((sum, one) => sum + one.bytes, 0)) : ""}</span></> },
  { key: "seq", head: "Seq scans", width: "col-92", num: true, hide: "hide-n", cell: (row) => count(row.seq_scans) },
  { key: "analysed", head: "Analysed", width: "col-140", hide: "hide-n", cell: (row) => (row.analysed_at ? <Age at={row.analysed_at} /> : <span className="t3">not known</span>) },
];

export function Tables({ source }: { source: string }) {
  const [fresh, setFresh] = useState(0);
  const answer = useAnswer(`schema:${source}:${fresh}`, (signal) => assay.get("/api/v1/sources/{id}/schema", { path: { id: source }, query: fresh > 0 ? { fresh: true } : {}, signal }), { fresh: 120_000 });
  const [search, setSearch] = useState("");
  const tables = answer.value?.tables;
  const rows = useMemo(() => [...(tables ?? [])].filter((one) => `${one.schema_name}.${one.name}`.includes(search.trim().toLowerCase())).sort((a, b) => b.bytes - a.bytes), [tables, search]);
  return (
    <Card title="Schema" end={<>
      {answer.value && <span className="hide-n">{plural(answer.value.tables.length, "table")}, read <Age at={answer.value.read_at} /></span>}
      <label className="search"><Icon name="search" /><input type="search" aria-label="Search tables" placeholder="Table" value={search} onChange={(event) => setSearch(event.target.value)} /></label>
      <Button kind="quiet" icon="replay" busy={answer.asking} onClick={() => setFresh(fresh + 1)}>Read again</Button>
    </>}>
      <Shown answer={answer} what="the schema" rows={4} rowHeight={32} bare>
        {() => <div className="max-h-[560px] overflow-y-auto" role="group" aria-label="Tables of the schema" tabIndex={0}><Table label="Tables, biggest first" columns={COLUMNS} rows={rows.slice(0, 500)} rowKey={(row) => `${row.schema_name}.${row.name}`} compact inner /></div>}
      </Shown>
    </Card>
  );
}
