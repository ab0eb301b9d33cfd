// Plugins with their state, and the acts on each; a row opens the plugin and its log beside.
import type { PluginLine } from "@assay/client";
import { useCallback, useMemo, useState } from "react";
import { Age } from "../../kit/Age";
import { Card } from "../../kit/Card";
import { Duration } from "../../kit/Duration";
import { count } from "../../kit/figures";
import { StatusMark } from "../../kit/StatusMark";
import { Table, type Column } from "../../kit/Table";
import { useRowActs } from "../../shell/acts";
import { Link } from "../../shell/Link";
import { useCan } from "../../shell/session";
import { rowActs, Acts, Asking, type Act } from "./acts";
import { STATE_MARK } from "./questions";

const NONE = <span className="t3">–</span>;

/** What was wrong last, when it is well again. */
export function LastError({ plugin }: { plugin: Pick<PluginLine, "lastError" | "lastErrorAt"> }) {
  if (!plugin.lastError || !plugin.lastErrorAt) return null;
  return <span className="second" title={plugin.lastError}><Age at={plugin.lastErrorAt} before="last error " />: {plugin.lastError}</span>;
}

const COLUMNS: Column<PluginLine>[] = [
  { key: "name", head: "Plugin", cell: (row) => <Link className="cell2 row-link" to={`/plugins?plugin=${encodeURIComponent(row.name)}`} title={row.name}><span className="strong">{row.name}</span><span className="second mono">{row.program ?? row.address ?? "no program"}</span></Link> },
  { key: "state", head: "State", width: "col-288", cell: (row) => <div className="cell2"><StatusMark state={STATE_MARK[row.state]}>{row.state}</StatusMark>{row.reason ? <span className="second" title={row.reason}>{row.reason}</span> : <LastError plugin={row} />}</div> },
  { key: "latency", head: "Latency", width: "col-92", num: true, cell: (row) => (row.latencyMs === null ? NONE : <Duration ms={row.latencyMs} />) },
  { key: "restarts", head: "Restarts", width: "col-92", hide: "hide-n", num: true, cell: (row) => count(row.restarts) },
  { key: "version", head: "Version", width: "col-104", hide: "hide-n", cell: (row) => (row.version ? <span className="clip" title={row.version}>{row.version}</span> : NONE) },
  { key: "since", head: "Since", width: "col-112", hide: "hide-n", cell: (row) => <span className="t2"><Age at={row.since} /></span> },
];

export function PluginTable({ plugins }: { plugins: readonly PluginLine[] }) {
  const [selected, setSelected] = useState<string | null>(null);
  const [asking, setAsking] = useState<{ act: Act; plugin: PluginLine } | null>(null);
  const mayRun = useCan("plugins.restart");
  const ask = useCallback((act: Act, plugin: PluginLine) => setAsking({ act, plugin }), []);
  const select = useCallback((row: PluginLine | null) => setSelected(row?.name ?? null), []);
  const columns = useMemo((): Column<PluginLine>[] => (mayRun ? [...COLUMNS, { key: "acts", head: <span className="sr">Acts</span>, width: "col-92", cell: (row) => <Acts plugin={row} onAsk={ask} /> }] : COLUMNS), [mayRun, ask]);
  const row = plugins.find((one) => one.name === selected);
  useRowActs(useMemo(() => (row && mayRun ? rowActs(row, ask) : []), [row, mayRun, ask]));
  return (
    <Card title="Plugins">
      {plugins.length > 0
        ? <Table label="Plugins" columns={columns} rows={plugins} rowKey={(one) => one.name} selected={selected} onSelect={select} />
        : <p className="body t2">No enabled store uses a plugin.</p>}
      {asking && <Asking {...asking} onClose={() => setAsking(null)} />}
    </Card>
  );
}
