// Plugins and stores: how each is, started and stopped, and what is wrong with their file; changes come by themselves.
import type { Plugins as Noun, Stores } from "@assay/client";
import { useMemo } from "react";
import { Empty } from "../../kit/Empty";
import { useKeys } from "../../kit/keys";
import { PageHead } from "../../kit/PageHead";
import { plural } from "../../kit/figures";
import { usePageActs } from "../../shell/acts";
import { renew } from "../../shell/answers";
import { useCount } from "../../shell/counts";
import { useTitle } from "../../shell/crumb";
import { Link } from "../../shell/Link";
import { here, navigate } from "../../shell/router";
import { useCan } from "../../shell/session";
import { Shown } from "../../shell/Shown";
import { PluginTable } from "./PluginTable";
import { Problems } from "./Problems";
import { usePlugins, useStores, useTold } from "./questions";
import { StoreTable } from "./StoreTable";

const ADD = "/plugins/add";

export default function Plugins() {
  const plugins = usePlugins();
  const stores = useStores();
  const says = useTold();
  const mayEdit = useCan("plugins.create_store");
  const ill = unwell(plugins.value, stores.value);
  useTitle("Plugins");
  useCount("plugins", ill);
  useKeys({ r: { does: "Refresh", run: () => renew("plugins") } });
  usePageActs(useMemo(() => (mayEdit ? [{ id: "plugins:add", title: "Add a store", kind: "page" as const, place: "Plugins", icon: "plugins", run: () => navigate(here(ADD)) }] : []), [mayEdit]));
  const none = stores.value?.data.length === 0 && plugins.value?.data.length === 0;
  const add = mayEdit && <Link className="btn primary" to={ADD}>Add a store</Link>;
  return (
    <>
      <PageHead title="Plugins" facts={facts(plugins.value, stores.value, ill)} acts={!none && add} />
      <p className="sr" role="status">{says}</p>
      <div className="stack">
        {stores.value && <Problems problems={stores.value.problems} file={stores.value.file} />}
        {none && stores.value ? <First stores={stores.value} act={add} /> : (
          <>
            <Shown answer={plugins} what="the plugins" rows={3} still="The stores below may still be read.">{(value) => <PluginTable plugins={value.data} />}</Shown>
            <Shown answer={stores} what="the stores" rows={4}>{(value) => <StoreTable stores={value.data} />}</Shown>
          </>
        )}
      </div>
    </>
  );
}

function First({ stores, act }: { stores: Stores; act: React.ReactNode }) {
  return (
    <section className="card" aria-label="No plugin yet">
      <Empty brand title="No plugin yet" command={`cp my-plugin ${stores.folder}/ && chmod 755 ${stores.folder}/my-plugin`} acts={act}>
        A plugin gives access to one more kind of database, or answers questions. Drop its program into the folder of plugins, then name
        it here or in <span className="mono break">{stores.file}</span>; it runs within two seconds.
      </Empty>
    </section>
  );
}

function unwell(plugins: Noun | undefined, stores: Stores | undefined): number | undefined {
  if (!plugins || !stores) return undefined;
  const calm = (one: { state: string }) => one.state === "ready" || one.state === "disabled";
  return plugins.data.filter((one) => !calm(one)).length + stores.data.filter((one) => !calm(one)).length;
}

function facts(plugins: Noun | undefined, stores: Stores | undefined, ill: number | undefined) {
  if (!plugins || !stores) return undefined;
  return (
    <>
      <span>{plural(plugins.data.length, "plugin")}</span>
      <span>{plural(stores.data.length, "store")}</span>
      {ill !== undefined && ill > 0 && <span className="strong">{ill} not ready</span>}
      <span className="mono small break">{stores.file}</span>
    </>
  );
}
