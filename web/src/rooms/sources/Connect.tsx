// Connecting a database: sealed, tried at once, and said what it lacks.
import { PageHead } from "../../kit/PageHead";
import { renew } from "../../shell/answers";
import { assay } from "../../shell/client";
import { useTitle } from "../../shell/crumb";
import { Link } from "../../shell/Link";
import { here, navigate } from "../../shell/router";
import { toast } from "../../shell/toasts";
import { SourceForm } from "./SourceForm";

export default function Connect() {
  useTitle("Connect a database");
  const connect = async (name: string, dsn: string) => {
    const source = await assay.post("/api/v1/sources", { body: { name, dsn } });
    renew("sources");
    toast({ state: source.state === "online" ? "ok" : "warning", title: `Connected ${source.name}`, ...(source.state_reason ? { text: source.state_reason } : {}) });
    navigate(here(`/sources/${source.id}?source=${encodeURIComponent(source.name)}&check=1`));
  };
  return (
    <div className="narrow-page">
      <PageHead title="Connect a database" facts={<span>PostgreSQL 12 or newer, with a role that only reads</span>} />
      <section className="card" aria-label="Connect a database">
        <SourceForm act="Connect and test" onSubmit={connect} more={<Link className="btn" to="/sources/init">See the accounts it needs</Link>} />
      </section>
    </div>
  );
}
