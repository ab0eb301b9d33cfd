// A new store: written into stores.yaml, its plugin started, and asked at once whether it works.
import type { SaveStore } from "@assay/client";
import { PageHead } from "../../kit/PageHead";
import { renew } from "../../shell/answers";
import { assay } from "../../shell/client";
import { useTitle } from "../../shell/crumb";
import { Link } from "../../shell/Link";
import { here, navigate } from "../../shell/router";
import { Shown } from "../../shell/Shown";
import { toast } from "../../shell/toasts";
import { useKinds } from "./questions";
import { StoreForm } from "./StoreForm";

export default function AddStore() {
  const kinds = useKinds();
  useTitle("Add a store");
  const add = async (body: SaveStore) => {
    const store = await assay.post("/api/v1/stores", { body });
    renew("plugins");
    toast({ state: "ok", title: `Added ${store.name}` });
    navigate(here(`/plugins/stores/${encodeURIComponent(store.name)}?test=1`));
  };
  return (
    <div className="narrow-page">
      <PageHead title="Add a store" facts={<span>A database, or an AI, behind a plugin</span>} />
      <Shown answer={kinds} what="the plugins that there are" rows={6}>
        {(value) => <section className="card" aria-label="Add a store"><StoreForm kinds={value.data} store={null} act="Add and test" onSave={add} more={<Link className="btn" to="/plugins">Cancel</Link>} /></section>}
      </Shown>
    </div>
  );
}
