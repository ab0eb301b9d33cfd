// No database is connected yet.
import { Empty } from "../../kit/Empty";
import { Link } from "../../shell/Link";

export function NoSource() {
  return (
    <section className="card">
      <Empty
        brand title="Connect a PostgreSQL to watch" command="assay scan postgresql://…"
        acts={<><Link className="btn primary" to="/sources/connect">Connect a database</Link><Link className="btn" to="/sources/init">See the accounts it needs</Link></>}
      >
        Assay reads pg_stat_statements with a read-only role. It writes nothing to your server.
      </Empty>
    </section>
  );
}
