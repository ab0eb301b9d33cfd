// The connected databases, with their state and what they lack.
import type { Source } from "@assay/client";
import { useCallback, useState } from "react";
import { Age } from "../../kit/Age";
import { Empty } from "../../kit/Empty";
import { plural } from "../../kit/figures";
import { PageHead } from "../../kit/PageHead";
import { StatusMark } from "../../kit/StatusMark";
import { Table, type Column } from "../../kit/Table";
import { ENGINE_WORD, SOURCE_MARK, SOURCE_WORD } from "../../kit/words";
import { useTitle } from "../../shell/crumb";
import { Link } from "../../shell/Link";
import { Shown } from "../../shell/Shown";
import { useSources } from "../../shell/sources";
import { useKeys } from "../../kit/keys";

const COLUMNS: Column<Source>[] = [
  { key: "name", head: "Name", cell: (row) => <Link className="cell2 row-link" to={`/sources/${row.id}`}><span className="strong">{row.name}</span><span className="second mono">{row.where}</span></Link> },
  { key: "state", head: "State", width: "col-288", cell: (row) => <div className="cell2"><StatusMark state={SOURCE_MARK[row.state]}>{SOURCE_WORD[row.state]}</StatusMark>{row.state_reason && <span className="second" title={row.state_reason}>{row.state_reason}</span>}</div> },
  { key: "engine", head: "Server", width: "col-160", hide: "hide-m", cell: (row) => `${ENGINE_WORD[row.engine] ?? row.engine} ${row.server_version ?? ""}` },
  { key: "account", head: "Account", width: "col-140", hide: "hide-n", cell: (row) => <span className="mono small">{row.account}</span> },
  { key: "checked", head: "Checked", width: "col-140", cell: (row) => (row.checked_at ? <span className="t2"><Age at={row.checked_at} /></span> : <span className="t3">never</span>) },
];

export default function Sources() {
  const answer = useSources();
  const [selected, setSelected] = useState<string | null>(null);
  const select = useCallback((row: Source | null) => setSelected(row?.id ?? null), []);
  useTitle("Sources");
  useKeys({ r: { does: "Refresh", run: answer.again } });
  return (
    <>
      <PageHead title="Sources" facts={answer.value && <span>{plural(answer.value.total, "database")} connected</span>} acts={<><Link className="btn" to="/sources/init">Accounts and extensions</Link><Link className="btn primary" to="/sources/connect">Connect a database</Link></>} />
      <Shown answer={answer} what="the sources" rows={4}>
        {(page) => (
          <section className="card" aria-label="Connected databases">
            {page.items.length > 0 ? <Table label="Connected databases" columns={COLUMNS} rows={page.items} rowKey={(row) => row.id} selected={selected} onSelect={select} /> : (
              <Empty brand title="Connect a PostgreSQL to watch" command="assay scan postgresql://…" acts={<Link className="btn primary" to="/sources/connect">Connect a database</Link>}>
                Assay reads pg_stat_statements with a read-only role. It writes nothing to your server. Its password is sealed at once and never shown again.
              </Empty>
            )}
          </section>
        )}
      </Shown>
    </>
  );
}
