// Stores with their state; a row opens the store, a button asks its plugin whether it can work for it now.
import type { StoreLine } from "@assay/client";
import { useCallback, useState } from "react";
import { Age } from "../../kit/Age";
import { Card } from "../../kit/Card";
import { Duration } from "../../kit/Duration";
import { StatusMark } from "../../kit/StatusMark";
import { Table, type Column } from "../../kit/Table";
import { Link } from "../../shell/Link";
import { STATE_MARK } from "./questions";

const NONE = <span className="t3">–</span>;

const COLUMNS: Column<StoreLine>[] = [
  { key: "name", head: "Store", cell: (row) => <Link className="cell2 row-link" to={`/plugins/stores/${encodeURIComponent(row.name)}`} title={row.name}><span className="strong">{row.name}</span>{row.description && <span className="second">{row.description}</span>}</Link> },
  { key: "state", head: "State", width: "col-288", cell: (row) => <div className="cell2"><StatusMark state={STATE_MARK[row.state]}>{row.state}{row.state === "ready" && row.readOnly ? ", read-only" : ""}</StatusMark>{(row.reason ?? row.warnings[0]) && <span className="second" title={[row.reason, ...row.warnings].filter(Boolean).join("\n")}>{row.reason ?? row.warnings[0]}</span>}</div> },
  { key: "latency", head: "Latency", width: "col-92", num: true, cell: (row) => (row.latencyMs === null ? NONE : <Duration ms={row.latencyMs} />) },
  { key: "kind", head: "Plugin", width: "col-200", cell: (row) => (row.kind ? <span className="mono small clip" title={row.kind.name}>{row.kind.name}</span> : NONE) },
  { key: "checked", head: "Checked", width: "col-112", hide: "hide-n", cell: (row) => (row.checkedAt ? <span className="t2"><Age at={row.checkedAt} /></span> : <span className="t3">never</span>) },
];

export function StoreTable({ stores }: { stores: readonly StoreLine[] }) {
  const [selected, setSelected] = useState<string | null>(null);
  const select = useCallback((row: StoreLine | null) => setSelected(row?.name ?? null), []);
  return (
    <Card title="Stores">
      {stores.length > 0
        ? <Table label="Stores" columns={COLUMNS} rows={stores} rowKey={(one) => one.name} selected={selected} onSelect={select} />
        : <p className="body t2">The file names no store that can be read.</p>}
    </Card>
  );
}
